// node bench/main.ts [NAME...] [--rounds N] [--megabytes N] [--commands N] [--only PART,...] [--write]: prints one line of JSON for each
// figure on stdout and what it does meanwhile on stderr. A goal that is missed is a figure, not a failure.
import { parseArgs } from 'node:util';
import { action } from './action.ts';
import type { Bench } from './bench.ts';
import { context } from './context.ts';
import { economics } from './economics.ts';
import { engines } from './engines.ts';
import { observability } from './observability.ts';
import { prefix } from './prefix.ts';
import { promptCache } from './prompt-cache.ts';
import { sessions } from './sessions.ts';

const benches: Record<string, Bench> = {
  action,
  context,
  economics,
  engines,
  observability,
  prefix,
  'prompt-cache': promptCache,
  sessions,
};

const log = (message: string) => console.error(message);

process.exitCode = await main();

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      megabytes: { type: 'string', default: '150' },
      commands: { type: 'string', default: '100000' },
      only: { type: 'string', default: '' },
      write: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  const megabytes = Number(values.megabytes);
  const commands = Number(values.commands);
  const { write } = values;
  const only = values.only.split(',').filter((part) => part !== '');
  const chosen = positionals.map((name) => benches[name]).filter((bench) => bench !== undefined);
  const unknown = [
    ...positionals
      .filter((name) => !Object.hasOwn(benches, name))
      .map((name) => `There is no bench ${name}.`),
    ...(positionals.length > 0 ? only : [])
      .filter((part) => !chosen.some(({ parts }) => parts.includes(part)))
      .map((part) => `There is no part ${part}.`),
    ...(Number.isInteger(rounds) && rounds > 0 ? [] : ['--rounds takes a number from 1.']),
    ...(megabytes > 0 ? [] : ['--megabytes takes a number above 0.']),
    ...(Number.isInteger(commands) && commands >= 1_000 ? [] : ['--commands takes a number from 1000.']),
  ];
  if (unknown.length > 0) {
    for (const problem of unknown) log(problem);
    return 1;
  }
  if (positionals.length === 0) {
    for (const [name, { description, parts }] of Object.entries(benches)) {
      console.log(`${name}: ${description} (--only ${parts.join(',')})`);
    }
    return 0;
  }

  await using leftovers = new AsyncDisposableStack();
  let ending: Promise<never> | undefined;
  // Children are told by the terminal as well; ours is to take away what is on the disk.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      ending ??= leftovers.disposeAsync().then(
        () => process.exit(code),
        () => process.exit(code),
      );
    });
  }
  try {
    for (const bench of chosen) {
      for await (const figure of bench.run({ rounds, megabytes, commands, only, write, log, leftovers })) {
        console.log(JSON.stringify(figure));
      }
    }
  } catch (problem) {
    // What was taken away in the middle of a measurement is no failure of it.
    await ending;
    throw problem;
  }
  return 0;
}
