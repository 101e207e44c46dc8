import * as z from 'zod';

type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

/** One field as plain JSON Schema; the zod schema stays the only judge of a value. */
export interface FieldSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: Plain;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: FieldSchema;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  /** Taken from everybody, but not shown to models: see `rare` of the tools' fields. */
  readonly rare?: boolean;
  /** One letter that stands for the flag. */
  readonly short?: string;
}

/** The one description from which a schema, a flag and a line of the docs are made. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly schema: FieldSchema;
}

/** The fields of an input or an output in the order of their definition. */
export function fieldsOf(schema: z.ZodObject): readonly Field[] {
  return fieldsIn(z.toJSONSchema(schema, { io: 'input' }) as FieldSchema);
}

/** The same of an object within. */
export function fieldsIn({ properties = {}, required = [] }: FieldSchema): readonly Field[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    required: required.includes(name),
    schema,
  }));
}

/** A list is given one at a time: `checks` is typed as `--check`, as often as needed. */
export function flagOf({ name, schema }: Field): string {
  const typed = schema.type === 'array' ? name.replace(/s$/, '') : name;
  return typed.replaceAll('_', '-');
}
