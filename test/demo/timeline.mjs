/**
 * What a person reads while the demo runs, and the account of what was really seen. A step of the story counts only
 * when something proved it; what nothing proved is named at the end.
 */
export function openTimeline(story, stream = process.stdout) {
  const paint = paints(stream);
  const began = performance.now();
  const seen = new Set();
  const say = (mark, text) => stream.write(`${elapsed(began)}  ${mark} ${text}\n`);
  return {
    paint,
    title: (text) => stream.write(`\n${paint.bold(text)}\n\n`),
    chapter: (text) => stream.write(`\n${paint.bold(text)}\n`),
    /** Something happens that proves nothing. */
    note: (text) => say(paint.dim('·'), paint.dim(text)),
    call: (who, tool, args) =>
      say(paint.blue('→'), `${paint.dim(`${who}:`)} ${tool} ${paint.dim(shown(args))}`),
    /** Lines somebody else printed. */
    quote: (text) => {
      for (const line of text.split('\n')) stream.write(`           ${paint.dim(`│ ${line}`)}\n`);
    },
    /** Commands to type, each with what it shows. */
    commands: (rows) => {
      const width = Math.max(...rows.map(([command]) => command.length));
      for (const [command, what] of rows)
        stream.write(`           ${paint.blue('$')} ${command.padEnd(width)}  ${paint.dim(what)}\n`);
    },
    /** A step of the story, proved or not. */
    step: (name, proved, text) => {
      if (!story.includes(name)) throw new Error(`The story has no step "${name}".`);
      if (proved) seen.add(name);
      say(
        proved ? paint.green('✓') : paint.red('✗'),
        proved ? text : `${text} ${paint.red(`(not: ${name})`)}`,
      );
    },
    missing: () => story.filter((name) => !seen.has(name)),
    end: (text) => stream.write(`\n${text}\n`),
  };
}

function elapsed(began) {
  return `${((performance.now() - began) / 1_000).toFixed(1).padStart(6)} s`;
}

/** The arguments of a call, as short as a person wants them. */
function shown(args) {
  const parts = Object.entries(args).map(([name, value]) => {
    const text = JSON.stringify(value);
    return `${name}: ${text.length > 48 ? `${text.slice(0, 46)}…"` : text}`;
  });
  return `{${parts.join(', ')}}`;
}

function paints(stream) {
  const colours = Boolean(stream.isTTY) && process.env.NO_COLOR === undefined;
  const paint = (code) => (text) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), blue: paint(36) };
}
