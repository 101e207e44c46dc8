import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fact, infrastructureClasses } from '../../src/domain/worker/run.ts';
import type { Backend, WorkOrder } from '../../src/ports/backend.ts';

const folder = fileURLToPath(new URL('../fixtures/transcripts', import.meta.url));

/**
 * What every backend promises. Its recorded sessions are files named for it: `<id>.jsonl` went well, and
 * `<id>.<class>.jsonl` or `<id>.<class>-<variant>.jsonl` failed for a reason of that class. A line is standard output;
 * one that begins with `#err ` is standard error, and `#exit n` is how it ended (0, if nothing is said).
 */
export function backendContract(backend: Backend): void {
  const success = join(folder, `${backend.id}.jsonl`);
  const failures = readdirSync(folder).flatMap((name) => {
    const [, id, cause] = /^(\w+)\.(\w+)(?:-[\w-]+)?\.jsonl$/.exec(name) ?? [];
    return id === backend.id ? [{ name, cause }] : [];
  });

  describe(`the backend ${backend.id}`, () => {
    const order = anOrder();

    test('starts its own program, or the one the user gave', () => {
      expect(backend.launch(order).argv[0]).toBe(backend.probe?.[0] ?? order.command?.[0]);
    });

    test('hands over the prompt as a file or standard input, never on the command line or in the environment', () => {
      const { argv, env, promptOnStdin } = backend.launch(order);
      const named = [...argv, ...Object.values(env ?? {})].some((word) => word.includes(order.promptFile));
      expect(promptOnStdin || named).toBe(true);
      expect(JSON.stringify({ argv, env })).not.toContain('Make the check pass');
    });

    test('puts words as one line each, where it takes any, and has its prompt on standard input then', () => {
      if (!backend.nudges) return;
      const word = 'two\nlines of "words", and what a program may take for a command:\u2028/clear';
      const line = backend.nudges(word, 'message-1');
      expect(line).not.toMatch(/[\n\r]/);
      expect(JSON.stringify(JSON.parse(line))).toContain(JSON.stringify(word));
      expect(backend.launch(order).promptOnStdin).toBe(true);
    });

    test('writes files by plain names beside the prompt', () => {
      for (const name of Object.keys(backend.launch(order).files ?? {}))
        expect(name).toMatch(/^[\w-][\w.-]*$/);
    });

    test('asks for each variable of the environment once', () => {
      expect(backend.env).toEqual([...new Set(backend.env)]);
    });

    test.runIf(existsSync(success))(
      'tells of a recorded success, and finishes exactly once, at the end',
      () => {
        const facts = read(success);
        expect(facts.filter(({ type }) => type === 'finished')).toHaveLength(1);
        expect(facts.at(-1)?.type).toBe('finished');
        expect(facts.map(({ type }) => type)).toEqual(
          expect.arrayContaining(['session', 'said', 'tool', ...(backend.usage === 'none' ? [] : ['usage'])]),
        );
        expect(facts.some(({ type }) => type === 'fatal')).toBe(false);
      },
    );

    test.for(failures)('ends $name with its class and without finishing', ({ name, cause }) => {
      expect(infrastructureClasses).toContain(cause);
      const facts = read(join(folder, name));
      expect(facts.findLast(({ type }) => type !== 'session')).toMatchObject({ type: 'fatal', class: cause });
      expect(facts.some(({ type }) => type === 'finished')).toBe(false);
    });

    test('has a recorded success and recorded failures when it was tried', () => {
      expect(failures.length > 0 && existsSync(success)).toBe(
        backend.tried !== undefined && backend.id !== 'command',
      );
    });

    test('takes anything that is not its own for noise', () => {
      const reader = backend.reader(() => 0);
      const isNoise = (line: string) => reader.line(line).length === 0;
      fc.assert(fc.property(fc.string({ unit: 'binary' }), isNoise));
      fc.assert(fc.property(fc.json(), isNoise));
      const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
      const long = 'x'.repeat(1_048_576);
      for (const line of [
        '',
        deep,
        '['.repeat(1_000_000),
        long,
        JSON.stringify(long),
        `{"type":"${long}"}`,
      ]) {
        expect(reader.line(line)).toEqual([]);
      }
    });

    test('never throws and tells only facts, whatever happens to its own lines', () => {
      const lines = [success, ...failures.map(({ name }) => join(folder, name))].flatMap(linesOf);
      for (const line of lines) {
        for (const cut of [1, 2, 3, 5, 8]) {
          expect(
            backend.reader(() => 0).line(line.slice(0, Math.floor(line.length - line.length / 2 ** cut))),
          ).toEqual([]);
        }
        for (const damaged of damage(JSON.parse(line)))
          Fact.array().parse(backend.reader(() => 0).line(JSON.stringify(damaged)));
      }
    });
  });

  function read(file: string): readonly Fact[] {
    const reader = backend.reader(() => 0);
    let exitCode = 0;
    const facts = recorded(file).flatMap((line) => {
      if (line.startsWith('#err ')) return reader.errorLine?.(line.slice(5)) ?? [];
      if (!line.startsWith('#exit ')) return reader.line(line);
      exitCode = Number(line.slice(6));
      return [];
    });
    return Fact.array().parse([...facts, ...(reader.end?.(exitCode) ?? [])]);
  }
}

const linesOf = (file: string) => recorded(file).filter((line) => !line.startsWith('#'));

function recorded(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').filter(Boolean);
}

/** A line with each of its fields, down to the third level, replaced in turn by something it should not be. */
function damage(value: unknown, depth = 3): unknown[] {
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const put = (other: unknown) => (Array.isArray(value) ? [other] : { ...value, [key]: other });
    return [null, -1.5, 'odd', {}, [], ...damage(inner, depth - 1)].map(put);
  });
}

function anOrder(): WorkOrder {
  return {
    promptFile: '/room/context/PROMPT.md',
    worktree: '/room/worktree',
    context: '/room/context',
    model: 'some-model',
    command: ['my-agent', '--flag', 'a b; $(c)'],
    server: { command: 'node', args: ['bin.js', 'mcp'], env: { LOOPYARD_LOOP: 'l1' } },
    session: '00000000-0000-4000-8000-000000000000',
  };
}
