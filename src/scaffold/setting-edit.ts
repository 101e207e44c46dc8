import { getNodeValue, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { type Edited, refusedAt, saysTheSame } from './edited.ts';
import { insertedAt, replacedAt } from './json-text.ts';

/**
 * Sets one key at the top of a file of settings, in place: comments, order and every other byte stay. No file, or an
 * empty one, becomes one with that key. The result is read again and must say what it said before plus the key.
 */
export function setSetting(text: string | undefined, key: string, value: unknown): Edited {
  if (text === undefined || text.trim() === '') {
    return { text: `${JSON.stringify({ [key]: value }, undefined, 2)}\n` };
  }
  const bom = text.startsWith('\ufeff') ? '\ufeff' : '';
  const body = text.slice(bom.length);
  const errors: ParseError[] = [];
  const root = parseTree(body, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error)
    return refusedAt(text, error.offset, `It is not valid JSON (${printParseErrorCode(error.error)}).`);
  if (root?.type !== 'object') return refusedAt(text, 0, 'It is JSON, but not one object.');
  const property = root.children?.find(({ children }) => children?.[0]?.value === key)?.children?.[1];
  const after = property ? replacedAt(body, property, value) : insertedAt(body, root, key, value);
  const expected = { ...(getNodeValue(root) as object), [key]: value };
  const again = parseTree(after, errors, { allowTrailingComma: true });
  if (again && errors.length === 0 && saysTheSame(getNodeValue(again), expected))
    return { text: bom + after };
  return refusedAt(text, 0, 'It cannot be edited without changing something else.');
}
