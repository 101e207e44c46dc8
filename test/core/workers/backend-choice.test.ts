import { expect, test } from 'vitest';
import { chooseBackends } from '../../../src/core/workers/backend-choice.ts';
import type { BackendFinding } from '../../../src/core/workers/backend-discovery.ts';

const finding = (id: string, more: Partial<BackendFinding> = {}): BackendFinding => ({
  id,
  title: id,
  family: 'any',
  clients: [`${id}-client`],
  program: `/bin/${id}`,
  version: undefined,
  tried: '1.0.0',
  login: 'yes',
  trouble: undefined,
  ...more,
});
const away = (id: string) =>
  finding(id, { program: undefined, trouble: `The program ${id} is not on PATH.` });
const loggedOut = (id: string) => finding(id, { login: 'no', trouble: `${id} shows no trace of a login.` });

const nothing = { asked: [], client: 'cli', usual: undefined, order: [] };

test('those that are named are taken in that order, and what is not installed is left out and said', () => {
  const found = [finding('a'), away('b'), finding('c')];
  expect(chooseBackends({ ...nothing, asked: ['c', 'b', 'a', 'c'] }, found)).toEqual({
    backends: ['c', 'a'],
    notes: ['b is left out: The program b is not on PATH.'],
  });
});

test('a loop falls back to nothing that was not named', () => {
  expect(chooseBackends({ ...nothing, asked: ['a'], order: ['b'] }, [finding('a'), finding('b')])).toEqual({
    backends: ['a'],
    notes: [],
  });
});

test('where none that is named is installed, it is said why, and what is installed instead', () => {
  const choice = chooseBackends({ ...nothing, asked: ['b'] }, [finding('a'), away('b'), loggedOut('c')]);
  expect(choice).toEqual({
    none: 'The program b is not on PATH. Installed: a, c (shows no login).',
  });
});

test('a loop that names none gets the usual one, its client, the configured order, or what is there', () => {
  const found = [finding('a'), finding('b'), finding('c')];
  const first = (wishes: object) => chooseBackends({ ...nothing, ...wishes }, found);
  expect(first({ usual: 'c', client: 'b-client', order: ['a'] })).toMatchObject({ backends: ['c', 'a'] });
  expect(first({ client: 'b-client', order: ['c', 'a'] })).toMatchObject({ backends: ['b', 'c', 'a'] });
  expect(first({ order: ['c', 'a'] })).toMatchObject({ backends: ['c', 'a'] });
  expect(first({})).toMatchObject({ backends: ['a'] });
});

test('one that shows no login comes last, and is taken all the same', () => {
  const found = [loggedOut('a'), finding('b')];
  expect(chooseBackends({ ...nothing, client: 'a-client' }, found)).toMatchObject({ backends: ['b'] });
  expect(chooseBackends(nothing, [loggedOut('a')])).toEqual({
    backends: ['a'],
    notes: ['a shows no trace of a login.'],
  });
});

test('the backend command needs no program of its own', () => {
  expect(chooseBackends({ ...nothing, asked: ['command'] }, [])).toEqual({
    backends: ['command'],
    notes: [],
  });
});

test('with nothing installed there is nothing to choose', () => {
  expect(chooseBackends(nothing, [away('a'), away('b')])).toEqual({
    none: 'None of the programs that can be workers is on PATH (a, b).',
  });
});
