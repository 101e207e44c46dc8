import type * as z from 'zod';

type Issue = z.core.$ZodIssue;

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** What is wrong with a value and what would be right, in a sentence of ours; schemas that have their own keep it. */
export function complaint(issue: Issue): string {
  const said = ours(issue) ?? issue.message;
  return said.endsWith('.') ? said : `${said}.`;
}

function ours(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      const missing = issue.message.endsWith('received undefined');
      return `${missing ? 'it is missing, and takes' : 'it takes'} ${kinds[issue.expected] ?? issue.expected}`;
    }
    case 'invalid_value':
      return `it takes ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      if (issue.origin === 'string')
        return Number(issue.minimum) <= 1
          ? 'it must not be empty'
          : `it needs ${issue.minimum} characters or more`;
      return `it needs ${counted(issue.origin, issue.minimum)} or more`;
    case 'too_big':
      return `it takes at most ${counted(issue.origin, issue.maximum)}`;
    default:
      return undefined;
  }
}

function counted(origin: string, size: number | bigint): string {
  if (origin === 'string') return `${size} characters`;
  return origin === 'array' || origin === 'set' ? `${size} entries` : `${size}`;
}
