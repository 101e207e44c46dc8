import { describe, expect, test } from 'vitest';
import { mask, openRedactor, redact, secretValues } from '../../src/domain/redaction.ts';

const letters = (length: number) => 'aB3dE5gH7jK9'.repeat(Math.ceil(length / 12)).slice(0, length);

describe('known values', () => {
  test('are those of variables with a telling name, in every spelling', () => {
    const values = secretValues({
      NPM_TOKEN: 'hunter2hunter2',
      DB_PASSWORD: 'p@ss word!',
      PATH: '/usr/bin:/bin',
      SSH_AUTH_SOCK: '/tmp/agent.1',
      GOOGLE_CREDENTIALS: '/home/me/key.json',
      API_KEY: 'short',
      KEYBOARD: 'qwertzuiop',
    });
    expect(values).toEqual(expect.arrayContaining(['hunter2hunter2', 'p@ss word!', 'p%40ss%20word!']));
    expect(values).toHaveLength(3);
  });

  test('are masked wherever they stand, also twice in a row', () => {
    expect(redact('a=hunter2hunter2 b=hunter2!hunter2!', ['hunter2hunter2', 'hunter2!'])).toBe(
      `a=${mask} b=${mask}${mask}`,
    );
  });
});

test.each([
  `ghp_${letters(36)}`,
  `github_pat_${letters(60)}`,
  `glpat-${letters(20)}`,
  `sk-ant-api03-${letters(80)}`,
  `sk-proj-${letters(60)}`,
  `sk_live_${letters(24)}`,
  'AKIAIOSFODNN7EXAMPLE',
  `AIza${letters(35)}`,
  `xoxb-${letters(40)}`,
  `npm_${letters(36)}`,
  `hf_${letters(34)}`,
  `SG.${letters(22)}.${letters(43)}`,
  `eyJ${letters(20)}.eyJ${letters(40)}.${letters(43)}`,
])('a token of this shape is masked: %s', (token) => {
  expect(redact(`before ${token} after "${token}"`, [])).toBe(`before ${mask} after "${mask}"`);
});

test.each([
  ['Authorization: Bearer abcdefgh12345', `Authorization: Bearer ${mask}`],
  ['{"authorization":"Basic dXNlcjpwYXNz"}', `{"authorization":"Basic ${mask}"}`],
  ['x-api-key: 0123456789abcdef', `x-api-key: ${mask}`],
  ['//registry.npmjs.org/:_authToken=0123456789', `//registry.npmjs.org/:_authToken=${mask}`],
  ['postgres://me:geheim@db/x', `postgres://me:${mask}@db/x`],
])('what stands before a secret stays: %s', (text, shown) => expect(redact(text, [])).toBe(shown));

test.each([
  'task-management-with-a-long-name-and-nothing-secret-0123456789',
  'src/a.ts:12:33 - error TS2322: at http://localhost:3000/x?y=1',
  'commit 3f786850e387550fdab836ed7e6dc881de23001b',
  'the authorization was refused',
  'git@github.com:owner/name.git',
])('ordinary output stays as it is: %s', (text) => expect(redact(text, [])).toBe(text));

describe('a key', () => {
  const block = `-----BEGIN OPENSSH PRIVATE KEY-----\n${`${letters(64)}\n`.repeat(30)}-----END OPENSSH PRIVATE KEY-----`;

  test('goes as a whole, and what surrounds it stays', () => {
    expect(redact(`a\n${block}\nb\n`, [])).toBe(`a\n${mask}\nb\n`);
    const json = JSON.stringify({ key: block, next: 1 });
    expect(redact(json, [])).toBe(`{"key":"${mask}","next":1}`);
  });

  test('without an end takes only so much with it', () => {
    const cut = redact(`-----BEGIN RSA PRIVATE KEY-----\n${'x\n'.repeat(40_000)}end`, []);
    expect(cut.endsWith('x\nend')).toBe(true);
  });
});

test('however a text is cut into pieces, the same is shown', () => {
  const text = [
    'plain line',
    `token ghp_${letters(36)} and sesame-open-12`,
    `-----BEGIN PRIVATE KEY-----\n${letters(64)}\n-----END PRIVATE KEY-----`,
    'postgres://me:geheim@db/x',
    // Longer than what is looked at as one piece, before and after.
    `${'y'.repeat(17_000)} sesame-open-12 ${'z'.repeat(17_000)}`,
    'last',
  ].join('\n');
  const whole = redact(text, ['sesame-open-12']);
  expect(whole).not.toContain('sesame');
  for (const size of [1, 2, 3, 7, 64, 1_000, 16_384]) {
    const redactor = openRedactor(['sesame-open-12']);
    let shown = '';
    for (let at = 0; at < text.length; at += size) shown += redactor.write(text.slice(at, at + size));
    expect(shown + redactor.end()).toBe(whole);
  }
});

test('a prompt is shown in a pause, but not a word that may go on', () => {
  const redactor = openRedactor([]);
  expect(redactor.write('Password: ghp_aaaa')).toBe('');
  expect(redactor.pause()).toBe('Password: ');
  expect(redactor.write(`${letters(36)}\n`)).toBe(`${mask}\n`);
});

test.each([
  'a',
  'eyJ',
  `eyJ${letters(30)}.`,
  'http://a:',
  'a:',
  'sk-',
  '-----BEGIN ',
  'authorization: ',
  '"',
  'xox',
])('a megabyte of %j takes no time worth speaking of', (part) => {
  const before = performance.now();
  redact(part.repeat(Math.ceil(1_000_000 / part.length)), ['sesame-open-12']);
  // A backtracking expression takes minutes; a busy machine does not.
  expect(performance.now() - before).toBeLessThan(5_000);
});
