// Bundles the action into action/dist, which is committed: a runner checks the repository out and runs it
// as it is. `--check` compares a fresh bundle with the committed one instead of writing it.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    /** Folder with main.ts, post.ts and the programs; the tests bundle a small one of their own. */
    from: { type: 'string', default: join(root, 'action') },
  },
});
const dist = join(options.from, 'dist');

const entries = Object.fromEntries(
  ['main', 'post', 'save-program', 'mcp-program']
    .map((name) => [name, join(options.from, `${name}.ts`)] as const)
    .filter(([, file]) => existsSync(file)),
);
if (Object.keys(entries).length === 0) {
  console.error(`Nothing to bundle: ${relative(root, options.from)}/main.ts does not exist.`);
  process.exit(1);
}

const wanted = await bundle();
if (options.check) {
  const stale = await differences(wanted);
  for (const line of stale) console.error(line);
  if (stale.length > 0) {
    console.error('The bundle is not what the sources give. Run `npm run bundle` and commit the result.');
    process.exitCode = 1;
  }
} else {
  await rm(dist, { recursive: true, force: true });
  for (const [name, content] of wanted) {
    await mkdir(dirname(join(dist, name)), { recursive: true });
    await writeFile(join(dist, name), content);
  }
  for (const [name, content] of wanted)
    console.error(`${(Buffer.byteLength(content) / 1024).toFixed(0).padStart(6)} kB  ${name}`);
}

/** File name to content. The same sources and lock file give the same bytes, wherever the repository lies. */
async function bundle(): Promise<Map<string, string>> {
  await using build = await rolldown({
    cwd: root,
    input: entries,
    platform: 'node',
    tsconfig: join(root, 'tsconfig.json'),
    logLevel: 'warn',
    treeshake: {
      // They do not say so themselves: what is not called of the toolkit, its HTTP client first, is left out.
      moduleSideEffects: [{ test: /[/]node_modules[/](?:@actions|undici|tunnel)[/]/, sideEffects: false }],
    },
    onLog(level, log, report) {
      // An import that does not resolve would be left in the bundle and fail on the runner.
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      report(level, log);
    },
  });
  const { output } = await build.generate({
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    // Names are kept: a stack trace in the log of a run must lead to the source.
    minify: {
      compress: { keepNames: { function: true, class: true } },
      mangle: false,
      codegen: { removeWhitespace: true },
    },
    // Licences are collected in one file instead.
    comments: { legal: false, annotation: true, jsdoc: false },
  });

  const files = new Map([['package.json', `${JSON.stringify({ type: 'module' })}\n`]]);
  const modules = new Set<string>();
  for (const file of output) {
    files.set(file.fileName, file.type === 'chunk' ? file.code : Buffer.from(file.source).toString());
    if (file.type === 'chunk') for (const id of file.moduleIds) modules.add(id);
  }
  files.set('licenses.txt', await licenses([...modules]));
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Every package of which something is in the bundle, with its licence text: most licences ask for that. */
async function licenses(modules: string[]): Promise<string> {
  const folders = new Set(
    modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0] ?? []),
  );
  const texts = await Promise.all(
    [...folders].map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
      const file = (await readdir(folder)).sort().find((entry) => /^(?:licen[cs]e|copying)/i.test(entry));
      const text = file ? (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n').trim() : '';
      return `${name} ${version} (${license ?? 'see text'})\n\n${text}`.trimEnd();
    }),
  );
  return `${[...new Set(texts)].sort().join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

async function differences(wanted: Map<string, string>): Promise<string[]> {
  const committed = existsSync(dist)
    ? (await readdir(dist, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => relative(dist, join(entry.parentPath, entry.name)))
    : [];
  const lines = committed
    .filter((name) => !wanted.has(name))
    .map((name) => `${relative(root, join(dist, name))}: no longer made`);
  for (const [name, content] of wanted) {
    if (!committed.includes(name)) lines.push(`${relative(root, join(dist, name))}: missing`);
    else if ((await readFile(join(dist, name), 'utf8')) !== content)
      lines.push(`${relative(root, join(dist, name))}: differs`);
  }
  return lines.sort();
}
