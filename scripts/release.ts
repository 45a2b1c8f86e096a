// Makes a release in this clone, and says how to publish it: `node scripts/release.ts minor`. What it does, and why
// in three commits: docs/releasing.md.
//   node scripts/release.ts <version|major|minor|patch>   commits and tags
//   node scripts/release.ts --check <tag>                 says whether what is checked out is the release of a tag
//   node scripts/release.ts --notes <version>             prints what the changelog says of a version
//   node scripts/release.ts --pin <version>               names the commit that is checked out in the example, for
//                                                         the package of that version; commits nothing
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { sectionOf } from './release/changelog.ts';
import { releaseProblem } from './release/check.ts';
import { callerPins, pinned } from './release/pins.ts';
import { release } from './release/release.ts';

const repository = 'https://github.com/dexter-app/dexter';
const usage =
  'Usage: node scripts/release.ts <version|major|minor|patch> | --notes <version> | --pin <version>';

/** The clone that it is started in. */
const directory = process.cwd();
const execute = promisify(execFile);
const run = async (program: string, ...args: string[]) =>
  (await execute(program, args, { cwd: directory, maxBuffer: 64 * 1024 * 1024 })).stdout;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'string' }, notes: { type: 'string' }, pin: { type: 'string' } },
});

async function main(): Promise<number> {
  if (values.check !== undefined) {
    const problem = await releaseProblem({ directory, tag: values.check, run });
    return problem === undefined ? 0 : failed(`Not the release ${values.check}: ${problem}.`);
  }
  if (values.notes !== undefined) {
    const notes = sectionOf(await readFile(join(directory, 'CHANGELOG.md'), 'utf8'), values.notes);
    if (notes === undefined) return failed(`The changelog says nothing of ${values.notes}.`);
    console.log(notes);
    return 0;
  }
  if (values.pin !== undefined) {
    const commit = (await run('git', 'rev-parse', 'HEAD')).trim();
    for (const caller of callerPins) {
      const file = join(directory, caller.file);
      await writeFile(file, pinned(await readFile(file, 'utf8'), caller, commit, `v${values.pin}`));
    }
    return 0;
  }
  const [asked, ...more] = positionals;
  if (asked === undefined || more.length > 0) return failed(usage);
  const date = new Date().toISOString().slice(0, 10);
  const made = await release({ directory, asked, date, repository, run });
  if (made.outcome === 'refused') return failed(`No release: ${made.reason}.`);
  // Alone on standard output, for the workflow.
  console.log(made.tag);
  const moving = made.movingTag ? ` +refs/tags/${made.movingTag}` : '';
  console.error(`${made.tag} is committed and tagged. Publish it with:`);
  console.error(`  git push --atomic origin HEAD:main ${made.tag}${moving}`);
  return 0;
}

function failed(message: string): number {
  console.error(message);
  return 1;
}

process.exitCode = await main();
