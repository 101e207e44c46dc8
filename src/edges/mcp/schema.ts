import type { JSONObject, JSONValue } from '@modelcontextprotocol/server';
import type { Role, Tool } from '../../tools/define.ts';
import { type FieldSchema, fieldsOf } from '../../tools/input-fields.ts';

/** A tool as `tools/list` shows it. */
export type Listing = ReturnType<typeof listing>;

/** The tools of a role in the order of the catalog, which is fixed: clients cache prompts by it. */
export function listings(tools: readonly Tool[], role: Role): readonly Listing[] {
  return tools.filter((tool) => tool.roles.includes(role)).map(listing);
}

/**
 * Every session pays for every byte of this, so it holds what a model needs to make a right call and no more. Bounds,
 * lengths and patterns are left to the parser, whose sentence explains them better.
 */
function listing(tool: Tool) {
  const fields = fieldsOf(tool.input).filter(({ schema }) => !schema.rare);
  const required = fields.filter((field) => field.required).map((field) => field.name);
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: {
      type: 'object' as const,
      properties: Object.fromEntries(fields.map((field) => [field.name, compact(field.schema)])),
      ...(required.length > 0 && { required: [...required] }),
      additionalProperties: false,
    },
    outputSchema,
    annotations: {
      readOnlyHint: tool.effect === 'read',
      destructiveHint: tool.effect === 'destroy',
      idempotentHint: tool.idempotent,
      // The world of a tool is one repository on this machine; what workers may reach is the user's policy.
      openWorldHint: false,
    },
  };
}

/**
 * The same small schema for all: the full ones, which are in the docs, would cost more than the rest of the list.
 * Nothing is required, because clients hold errors to it too.
 */
const outputSchema = { type: 'object' as const };

function compact(schema: FieldSchema): JSONObject {
  const { type, description, items, properties, required } = schema;
  return {
    type: type ?? 'string',
    ...(description !== undefined && { description }),
    ...(schema.enum && { enum: [...schema.enum] }),
    ...(isTelling(schema.default) && { default: schema.default }),
    ...(items && { items: compact(items) }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, compact(value)])),
      ...(required && required.length > 0 && { required: [...required] }),
      additionalProperties: false,
    }),
  };
}

/** That an absent flag is false and an absent list empty goes without saying. */
function isTelling(value: JSONValue | undefined): value is JSONValue {
  return (
    value !== undefined && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0)
  );
}
