// `npm run demo`: the whole story of a loop, played for real. Nothing is mocked but the coding agent, which is a
// script; every ✓ stands on an answer of the server, on git, or on the process table. Ends with 0 only if all were seen.
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeScratch } from './scratch.mjs';
import { handshakeSession, modernSession } from './session.mjs';
import { openTimeline } from './timeline.mjs';

const story = [
  'two sessions see the tools',
  'the check fails on the base commit',
  'iteration 1 fails',
  'the failure reaches the next worker',
  'iteration 2 passes',
  'the other session watched it live',
  'the merge result is checked before it lands',
  'the branch moves to a true merge',
  'the checkout comes along',
  'what landed passes once more',
  'the other loop ends when asked',
  'its half-done work is kept',
  'nothing is left running',
];
const tools = 'start_loop spawn_worker verify status steer merge read_log shutdown'.split(' ');
const landing = ['merge.queued', 'merge.built', 'verification.passed', 'merge.landed'];
/** No single call may take longer, and no chapter, seconds. A slow machine is no failure. */
const patience = 45;
const chapterPatience = 120;

const here = path.dirname(fileURLToPath(import.meta.url));
const checkoutOfLoopyard = path.join(here, '..', '..');
const program = path.join(checkoutOfLoopyard, 'dist', 'bin.js');
const worker = `node ${quoted(path.join(here, 'worker.mjs'))}`;
const run = promisify(execFile);
const line = openTimeline(story);

line.title('loopyard: one loop from a failing test to landed work');
line.note('building dist/ (npm run build)');
await run(process.execPath, ['build.mjs'], { cwd: checkoutOfLoopyard });
const scratch = await makeScratch(program);
const { repository, git } = scratch;
const base = await git('rev-parse', 'HEAD');
line.note(`made a scratch repository with a failing test: ${repository}`);

process.once('SIGINT', async () => {
  line.note('interrupted: stopping what runs');
  await stopAll();
  process.exit(130);
});

try {
  await play();
} catch (error) {
  line.note(line.paint.red(`the demo broke off: ${error.stack ?? error}`));
  await stopAll();
}
await finish();

async function play() {
  const server = { command: process.execPath, args: [program, 'mcp'], cwd: repository, env: scratch.env };
  const [you, friend] = await Promise.all([modernSession('you', server), handshakeSession('friend', server)]);
  try {
    await meet(you, friend);
    const { loop, cursor } = await openLoops(you, friend);
    const watched = watch(friend, loop.main);
    watched.catch(() => {}); // when the story breaks off, that is told already
    const passed = await iterate(you, loop.main, cursor);
    await land(you, loop.main, passed);
    await compare(await watched);
    await stop(you, loop.idea);
  } finally {
    await Promise.all([you.close(), friend.close()]);
  }
}

async function stopAll() {
  const args = [program, 'stop', '--all', '--now'];
  await run(process.execPath, args, { cwd: repository, env: scratch.env }).catch(() => {});
}

async function meet(you, friend) {
  line.chapter('Two MCP clients, each with a loopyard server of its own');
  const lists = await Promise.all([you.tools(), friend.tools()]);
  const names = lists.map((list) => list.map(({ name }) => name).join(' '));
  line.step(
    'two sessions see the tools',
    names.every((list) => list === tools.join(' ')),
    `"you" (protocol of 2026) and "friend" (handshake era) see ${lists[0].length} tools: ${names[0]}`,
  );
}

async function openLoops(you, friend) {
  line.chapter('A loop: a goal, and the check that decides');
  const opened = await start(you, 'you', {
    goal: 'Make slug() readable: the second test has to pass',
    checks: ['node --test'],
    command: worker,
  });
  line.note(`${opened.loop} works in a worktree of its own; your checkout stays as it is`);
  const other = await start(friend, 'friend', {
    goal: 'Think about slugs in every script',
    checks: ['node --test'],
    command: `${worker} endless`,
  });
  line.note(`${other.loop} runs beside it`);
  line.note('look closer at any time, in another terminal:');
  line.commands([
    [`cd ${repository}`, 'the scratch repository'],
    [`export PATH=${path.join(scratch.root, 'bin')}:$PATH`, 'loopyard as just built'],
    ['loopyard status', 'how the loops stand'],
    [`loopyard logs ${opened.loop} --follow`, 'what its workers print'],
  ]);
  return { loop: { main: opened.loop, idea: other.loop }, cursor: opened.cursor };
}

async function start(session, who, args) {
  line.call(who, 'start_loop', args);
  return session.call('start_loop', args);
}

/** Follows the loop with a cursor, as a strategist does, until its work has passed. */
async function iterate(you, loop, cursor) {
  line.chapter('Iterations: work, candidate, verdict');
  const seen = { failed: undefined, verification: undefined, moved: undefined };
  const view = await follow(you, loop, cursor, async (event, now) => {
    const [type, id] = event.split(/[ :]/);
    if (type === 'verification.failed') seen.verification = id;
    if (type === 'loop.baseline_judged') {
      line.step(
        'the check fails on the base commit',
        now.baseline === 'failed',
        `baseline on ${base.slice(0, 10)}: ${now.baseline}, so the check measures the goal`,
      );
    }
    if (type === 'loop.iteration_started') line.note(`iteration ${now.iteration}: a fresh worker starts`);
    if (type === 'loop.candidate_made')
      line.note('its worktree became a commit; the check runs on that, in a clean room');
    if (type === 'loop.failed') {
      seen.failed = seen.verification;
      line.step('iteration 1 fails', now.last?.startsWith('iteration 1: failed'), `${now.last}`);
      const { text } = await you.call('read_log', { id: `${seen.failed}-1`, bytes: 6_000 });
      line.quote(
        text
          .split('\n')
          .filter((row) => /^\s*(not ok .*readable|expected:|actual:|error: )/.test(row))
          .join('\n'),
      );
      seen.moved = await scratch.commit('CHANGES.md', 'One change.\n', 'Somebody works on main meanwhile');
      line.note(`meanwhile somebody commits ${seen.moved.slice(0, 10)} to main`);
    }
    return type === 'loop.passed';
  });
  const { text } = await you.call('read_log', { id: loop });
  line.step(
    'the failure reaches the next worker',
    text.includes('the feedback names creme-brulee'),
    'the second worker had only the feedback to go by, and says:',
  );
  line.quote(text.trim());
  line.step(
    'iteration 2 passes',
    view.state === 'verified' && view.iteration.startsWith('2/'),
    `iteration 2: ${view.state}, candidate ${view.candidate?.slice(0, 10)}; ${view.doing}`,
  );
  return { candidate: view.candidate, moved: seen.moved };
}

async function land(you, loop, { candidate, moved }) {
  line.chapter('Landing: checked again on what it becomes');
  const { cursor } = await you.call('status', { loop });
  line.call('you', 'merge', { loop });
  const types = [];
  const [{ state, result, before }] = await Promise.all([
    you.call('merge', { loop, wait_s: patience }),
    follow(you, loop, cursor, async (event) => {
      types.push(event.split(/[ :]/)[0]);
      return types.at(-1) === 'loop.landed';
    }),
  ]);
  const order = types.filter((type) => landing.includes(type));
  line.step(
    'the merge result is checked before it lands',
    state === 'landed' && order.join() === landing.join(),
    order.join(' → '),
  );
  const [main, parents] = await Promise.all([
    git('rev-parse', 'main'),
    git('log', '-1', '--format=%P', 'main'),
  ]);
  line.step(
    'the branch moves to a true merge',
    main === result && before === moved && parents === `${moved} ${candidate}`,
    `main ${before?.slice(0, 10)} → ${result?.slice(0, 10)}, a merge of both`,
  );
  line.quote(await git('log', '--graph', '--oneline', '--max-count=5', 'main'));
  const [dirt, code, changes] = await Promise.all([
    git('status', '--porcelain'),
    scratch.read('src/slug.js'),
    scratch.read('CHANGES.md'),
  ]);
  line.step(
    'the checkout comes along',
    dirt === '' && code.includes('normalize') && changes !== '',
    'your checkout stands on it, clean, with both changes',
  );
  line.call('you', 'verify', { ref: 'main', checks: ['node --test'] });
  const verdict = await you.call('verify', { ref: 'main', checks: ['node --test'], wait_s: patience });
  const exit = await scratch.exitOf(process.execPath, ['--test']);
  line.step(
    'what landed passes once more',
    verdict.verdict === 'passed' && verdict.commit === main && exit === 0,
    `loopyard says ${verdict.verdict} for ${verdict.commit.slice(0, 10)}, and node --test in your checkout exits ${exit}`,
  );
}

/** The friend's session: everything that happens to the loop, seen from elsewhere at the same time. */
async function watch(friend, loop) {
  const states = new Set();
  for (let cursor = 0; !states.has('landed'); ) {
    const { loops = [], cursor: seen } = await friend.call('status', { cursor, wait_s: patience });
    const view = loops.find(({ id }) => id === loop);
    if (view) states.add(view.state);
    cursor = seen;
  }
  return [...states];
}

async function compare(states) {
  line.step(
    'the other session watched it live',
    ['working', 'verifying', 'landed'].every((state) => states.includes(state)),
    `friend saw it meanwhile: ${states.join(' → ')}`,
  );
}

async function stop(you, loop) {
  line.chapter('The other loop: asked to stop, its work kept');
  line.call('you', 'shutdown', { loop, reason: 'enough for today' });
  const { stopped } = await you.call('shutdown', { loop, reason: 'enough for today', wait_s: patience });
  const [{ request, state, kept = [] } = {}] = stopped;
  const { text } = await you.call('read_log', { id: loop });
  line.step(
    'the other loop ends when asked',
    state === 'cancelled' && text.includes(`asked to stop: ${request}`),
    `${state}; its worker saw the request ${request} and ended by itself`,
  );
  const ref = kept[0] ?? '';
  const idea = ref === '' ? '' : await git('show', `${ref}:IDEA.md`).catch(() => '');
  line.step('its half-done work is kept', idea.startsWith('Half an idea'), `${kept.join(', ') || 'nothing'}`);
  line.commands([[`git show ${ref}:IDEA.md`, 'what it had']]);
}

async function finish() {
  line.chapter('And everybody goes home');
  const deadline = performance.now() + patience * 1_000;
  let left = await scratch.processes();
  while (left.length > 0 && performance.now() < deadline) {
    await pause(100);
    left = await scratch.processes();
  }
  const how =
    left.length === 0 ? 'no server, keeper, shim, worker or check of the demo is alive' : left.join('\n');
  line.step('nothing is left running', left.length === 0, how);
  const missing = line.missing();
  const { green, red } = line.paint;
  if (missing.length > 0) {
    line.end(red(`Not seen: ${missing.join('; ')}.\nEverything is kept in ${scratch.root}.`));
    process.exit(1);
  }
  line.end(green(`All ${story.length} steps were seen.`));
  if (process.argv.includes('--clean')) {
    await rm(scratch.root, { recursive: true, force: true });
    process.exit(0);
  }
  line.note('the scratch repository stays, so that you can look around:');
  line.commands([
    [`cd ${repository} && export PATH=${path.join(scratch.root, 'bin')}:$PATH`, ''],
    ['git log --graph --oneline', 'a true merge'],
    ['loopyard loops --all', 'both loops, and the sums'],
    [`rm -rf ${scratch.root}`, 'removes all of it; nothing lies elsewhere'],
  ]);
  process.exit(0);
}

/** Asks for what is new until `found` is satisfied with an event; returns the loop as it was then. */
async function follow(session, loop, from, found) {
  const deadline = performance.now() + chapterPatience * 1_000;
  for (let cursor = from; performance.now() < deadline; ) {
    const answer = await session.call('status', { loop, cursor, wait_s: 5 });
    cursor = answer.cursor;
    for (const event of answer.events ?? []) if (await found(event, answer.loops[0])) return answer.loops[0];
  }
  throw new Error(`the loop ${loop} took longer than ${chapterPatience} s`);
}

/** One word of a command line, wherever this clone lies. */
function quoted(word) {
  return /^[\w./:@-]+$/.test(word) ? word : JSON.stringify(word);
}
