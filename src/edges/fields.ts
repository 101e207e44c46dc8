import * as z from 'zod';
import type { Tool } from '../tools/define.ts';

type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

/** One input field as plain JSON Schema; the tool's zod schema stays the only judge of a value. */
export interface FieldSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: Plain;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: FieldSchema;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  /** Taken from everybody, but not shown to models: see `rare` of the tools' fields. */
  readonly rare?: boolean;
  /** One letter that stands for the flag. */
  readonly short?: string;
}

/** A field of a tool's input: the one description from which both a schema and a flag are made. */
export interface Field {
  readonly name: string;
  readonly required: boolean;
  readonly schema: FieldSchema;
}

/** The input fields of a tool or command in the order of their definition. */
export function fieldsOf(tool: Pick<Tool, 'input'>): readonly Field[] {
  const { properties = {}, required = [] } = z.toJSONSchema(tool.input, { io: 'input' }) as FieldSchema;
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    required: required.includes(name),
    schema,
  }));
}
