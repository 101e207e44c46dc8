import { expect, test } from 'vitest';
import { listings } from '../../../src/edges/mcp/schema.ts';
import { look, sampleTools } from '../../support/sample-tools.ts';

test('a tool is listed with what a right call needs and no more', () => {
  expect(listings([look], 'worker')).toEqual([
    {
      name: 'look',
      title: 'Look around',
      description: 'Use this to see how things stand. Changes nothing.',
      inputSchema: {
        type: 'object',
        properties: {
          topic: {
            type: 'string',
            description: 'What to look at.',
            enum: ['loops', 'workers'],
            default: 'loops',
          },
          limit: { type: 'integer', description: 'At most so many.', default: 10 },
          labels: {
            type: 'array',
            description: 'Only those with one of these labels.',
            items: { type: 'string' },
          },
          details: { type: 'boolean', description: 'With everything known about each.', default: true },
          since: { type: 'integer', description: 'Cursor of the last answer.' },
          workspace: {
            type: 'string',
            description: 'Absolute path of a git checkout; usually not needed.',
          },
        },
        additionalProperties: false,
      },
      outputSchema: { type: 'object' },
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    },
  ]);
});

test('lists of objects are closed, and what is required is said', () => {
  const [, act] = listings(sampleTools, 'strategist');
  expect(act?.inputSchema.required).toEqual(['goal']);
  expect(act?.inputSchema.properties.checks).toEqual({
    type: 'array',
    description: 'Checks to run.',
    items: {
      type: 'object',
      properties: {
        name: { type: 'string', description: 'Name.' },
        command: { type: 'string', description: 'Command.' },
      },
      required: ['name', 'command'],
      additionalProperties: false,
    },
  });
  expect(act?.annotations).toMatchObject({
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
  });
});

test('a role sees its tools only, in the order of the catalog', () => {
  expect(listings(sampleTools, 'strategist').map(({ name }) => name)).toEqual(['look', 'act_now', 'linger']);
  expect(listings(sampleTools, 'worker').map(({ name }) => name)).toEqual(['look']);
});
