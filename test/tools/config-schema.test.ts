import { expect, test } from 'vitest';
import { names } from '../../src/domain/settings/settings.ts';
import { configSchema } from '../../src/tools/reference.ts';

test('the schema for editors has every setting, says what a repository may do, and nothing of our own marks', () => {
  const schema = configSchema() as {
    additionalProperties: boolean;
    properties: Record<string, { description?: string }>;
  };
  expect(schema.additionalProperties).toBe(false);
  expect(Object.keys(schema.properties)).toEqual(['$schema', ...names]);
  for (const name of names) {
    expect(schema.properties[name]?.description).toMatch(/\. In a repository: .+\.$/);
    expect(schema.properties[name]).not.toHaveProperty('project');
    expect(schema.properties[name]).not.toHaveProperty('trust');
  }
});
