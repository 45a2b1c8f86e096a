import { spawnSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dexter-bundle-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the bundle runs alone, loads lazily what is imported lazily, and names the licences', async () => {
  const action = await anAction('one');
  expect(bundle(action).status).toBe(0);
  await rm(join(action, 'main.ts'));

  const names = (await readdir(join(action, 'dist'), { recursive: true })).sort();
  expect(names).toEqual(expect.arrayContaining(['licenses.txt', 'main.js', 'package.json', 'post.js']));
  expect(names.filter((name) => name.startsWith('chunks/')).length).toBeGreaterThanOrEqual(2);
  expect(await readFile(join(action, 'dist/main.js'), 'utf8')).not.toContain('parseDocument');
  expect(await readFile(join(action, 'dist/licenses.txt'), 'utf8')).toMatch(/^yaml [\d.]+ \(ISC\)$/m);

  const run = spawnSync(process.execPath, [join(action, 'dist/main.js')], { encoding: 'utf8' });
  expect(run.stdout.trim()).toBe('AppError 1');
});

test('the same sources give the same bytes, wherever they lie', async () => {
  const actions = [await anAction('one'), await anAction('another/place')];
  for (const action of actions) expect(bundle(action).status).toBe(0);
  const [one, another] = await Promise.all(actions.map(contents));
  expect(one).toEqual(another);
});

test('the check passes on a fresh bundle and names every file that differs from it', async () => {
  const action = await anAction('one');
  bundle(action);
  expect(bundle(action, '--check').status).toBe(0);

  await appendFile(join(action, 'dist/main.js'), '\n');
  await writeFile(join(action, 'dist/left-over.js'), '');
  await rm(join(action, 'dist/post.js'));
  const check = bundle(action, '--check');
  expect(check.status).toBe(1);
  expect(check.stderr).toMatch(/main\.js: differs/);
  expect(check.stderr).toMatch(/left-over\.js: no longer made/);
  expect(check.stderr).toMatch(/post\.js: missing/);
  expect(check.stderr).toContain('npm run bundle');
});

test('an import that leads nowhere is an error, not a surprise on the runner', async () => {
  const action = await anAction('one');
  await writeFile(join(action, 'post.ts'), "import 'no-such-package';");
  const result = bundle(action);
  expect(result.status).not.toBe(0);
  expect(result.stderr).toContain('no-such-package');
});

/** A small action: an own module, a package of CommonJS modules behind a dynamic import, a second entry. */
async function anAction(name: string): Promise<string> {
  const action = join(folder, name);
  await mkdir(action, { recursive: true });
  const errors = JSON.stringify(join(root, 'src/core/errors.ts'));
  await writeFile(
    join(action, 'main.ts'),
    `import { AppError } from ${errors};
const yaml: { parse(text: string): { a: number } } = await import(${JSON.stringify(join(root, 'node_modules/yaml/dist/index.js'))});
console.log(AppError.name, yaml.parse('a: 1').a);`,
  );
  await writeFile(
    join(action, 'post.ts'),
    `import { messageOf } from ${errors};\nconsole.log(messageOf('post'));`,
  );
  return action;
}

function bundle(action: string, ...options: string[]) {
  const script = join(root, 'scripts/bundle.ts');
  return spawnSync(process.execPath, [script, '--from', action, ...options], { encoding: 'utf8' });
}

async function contents(action: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of (await readdir(join(action, 'dist'), { recursive: true })).sort()) {
    if (/\.\w+$/.test(name)) files[name] = await readFile(join(action, 'dist', name), 'utf8');
  }
  return files;
}
