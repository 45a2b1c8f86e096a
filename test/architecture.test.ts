import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const rulesFile = join(root, '.dependency-cruiser.cjs');
const { forbidden } = createRequire(import.meta.url)(rulesFile) as { forbidden: { name: string }[] };

/** The programs (run-action is one: the local runner); everything else gets its configuration as an argument. */
const compositionRoots =
  /^(?:src\/(?:server|cli|dispatch\/run-action)\.ts|action\/(?:main|post|mcp-program)\.ts|demo\/(?:main|machine-path)\.ts)$/;

test('only the programs read the environment', async () => {
  const readers: string[] = [];
  for (const file of await sourceFiles(['src', 'action', 'demo'])) {
    if (compositionRoots.test(file)) continue;
    for (const line of environmentReads(await readFile(join(root, file), 'utf8')))
      readers.push(`${file}:${line}`);
  }
  expect(readers, 'take the value as an argument; a composition root parses it once').toEqual([]);
});

test.each([
  ['const a = process.env.HOME;', [1]],
  ["const a = process['env'];", [1]],
  ['\nconst { env } = process;', [2]],
  ["import { env } from 'node:process';", [1]],
  ["import process from 'node:process';\nspawn('x', { env: process.env });", [2]],
  ['const a = globalThis.process.env;', [1]],
  ['// process.env is read by the caller\nconst a = "process.env";', []],
  ["const env = { HOME: '/' }; run({ env });", []],
])('%j reads the environment in lines %j', (source, lines) => {
  expect(environmentReads(source)).toEqual(lines);
});

/** One import against each rule: [rule, file that breaks it, its text]. */
const offences: [rule: string, file: string, text: string][] = [
  ['no-cycles', 'src/jobs/egg.ts', "import './hen.ts';"],
  ['core-stays-pure', 'src/core/uses-adapter.ts', "import '../github/client.ts';"],
  ['core-stays-pure', 'src/core/uses-package.ts', "import 'yaml';"],
  ['pure-folders-import-core-only', 'src/pricing/uses-adapter.ts', "import '../github/client.ts';"],
  ['adapters-know-no-features', 'src/github/uses-feature.ts', "import '../jobs/start.ts';"],
  [
    'adapters-know-no-features',
    'src/jira/uses-config.ts',
    "import type { Config } from '../config.ts';\nexport type A = Config;",
  ],
  ['adapters-know-other-adapters-by-type', 'src/jira/uses-adapter.ts', "import '../github/client.ts';"],
  ['dispatch-builds-on-github-alone', 'src/dispatch/uses-adapter.ts', "import '../jira/uses-nothing.ts';"],
  ['only-programs-import-programs', 'src/jobs/uses-program.ts', "import '../app.ts';"],
  ['src-knows-no-action-demo-test', 'src/dispatch/uses-action.ts', "import '../../action/run.ts';"],
  ['src-knows-no-action-demo-test', 'src/jobs/uses-demo.ts', "await import('../../demo/main.ts');"],
  ['action-knows-no-demo-test', 'action/uses-demo.ts', "import '../demo/main.ts';"],
  ['action-leaves-the-server-out', 'action/uses-server.ts', "import '../src/jobs/start.ts';"],
  ['what-ships-is-a-dependency', 'src/jobs/uses-tool.ts', "import 'vitest';"],
  ['everything-resolves', 'src/jobs/uses-nothing.ts', "import './not-there.ts';"],
  ['vendor-octokit', 'src/jobs/uses-octokit.ts', "import 'octokit';"],
  ['vendor-octokit', 'src/report/uses-octokit-plugin.ts', "import '@octokit/core';"],
  ['vendor-octokit-types-only', 'src/webhooks/uses-octokit.ts', "import 'octokit';"],
  ['vendor-webhook-signatures', 'src/jobs/uses-signatures.ts', "import '@octokit/webhooks-methods';"],
  ['vendor-jira', 'src/context/uses-jira.ts', "import 'jira.js';"],
  ['vendor-pg-boss', 'src/ledger/uses-boss.ts', "import 'pg-boss';"],
  ['vendor-database', 'src/jobs/uses-database.ts', "import 'kysely';"],
  ['vendor-database', 'src/jobs/uses-pglite.ts', "import '@electric-sql/pglite';"],
  ['vendor-database-types-only', 'src/queue/uses-database.ts', "import 'pg';"],
  ['vendor-mcp', 'src/jobs/uses-mcp.ts', "import '@modelcontextprotocol/sdk/types.js';"],
  ['vendor-anthropic-sdk', 'src/jobs/uses-anthropic.ts', "import '@anthropic-ai/sdk';"],
  ['vendor-context-cache', 'src/jobs/uses-keyv.ts', "import 'keyv';"],
  ['vendor-prometheus', 'src/jobs/uses-prometheus.ts', "import 'prom-client';"],
  ['vendor-charts', 'src/report/uses-plot.ts', "import '@observablehq/plot';"],
  ['vendor-pretty-log', 'src/jobs/uses-pretty.ts', "import 'pino-pretty';"],
  ['vendor-tar', 'src/stores/uses-tar.ts', "import 'tar';"],
  ['vendor-google-auth', 'src/stores/uses-google.ts', "import 'google-auth-library';"],
  ['vendor-aws-sdk', 'src/sessions/uses-s3.ts', "import '@aws-sdk/client-s3';"],
  [
    'vendor-secretlint',
    'src/report/uses-secretlint.ts',
    "import '@secretlint/secretlint-rule-preset-recommend';",
  ],
  ['vendor-hono', 'src/jobs/uses-hono.ts', "import 'hono';"],
  ['vendor-jose', 'src/webhooks/uses-jose.ts', "import 'jose';"],
  ['vendor-actions-toolkit', 'src/engines/uses-toolkit.ts', "import '@actions/core';"],
  ['vendor-commander', 'src/jobs/uses-commander.ts', "import 'commander';"],
];

/** What the offences lead to, and imports that every rule lets pass. */
const surroundings: Record<string, string> = {
  'src/jobs/hen.ts': "import './egg.ts';",
  'src/jobs/start.ts': "import '../github/client.ts';\nimport '../core/word.ts';",
  'src/core/word.ts': "import 'node:crypto';\nimport 'zod';",
  'src/github/client.ts': "import 'octokit';\nimport '../core/word.ts';",
  'src/config.ts': "import 'zod';\nexport type Config = { name: string };",
  'src/app.ts': "import './jobs/start.ts';\nimport 'probot';",
  'src/queue/uses-type.ts': "import type { Pool } from 'pg';\nexport type A = Pool;",
  'src/webhooks/uses-type.ts': "import type { Octokit } from 'octokit';\nexport type A = Octokit;",
  'src/jira/uses-nothing.ts': 'export {};',
  'src/dispatch/uses-github.ts': "import '../github/client.ts';",
  'src/dispatch/uses-type.ts': "import type { A } from '../queue/uses-type.ts';\nexport type B = A;",
  'src/cli/mcp.ts': "import 'commander';",
  'action/mcp-program.ts': "import 'commander';\nimport '../src/cli/mcp.ts';",
  'action/run.ts': "import '../src/core/word.ts';\nimport '@actions/core';",
  'demo/main.ts': "import '../src/app.ts';\nimport '../action/run.ts';\nimport 'hono';",
};

test('each import rule catches an import against it, and nothing else', async () => {
  await using tree = await temporaryDirectory();
  const files = { ...surroundings, ...Object.fromEntries(offences.map(([, file, text]) => [file, text])) };
  const names = new Set(
    Object.values(files).flatMap((text) =>
      [...text.matchAll(/(?:import|from) '([^.'][^']*)'/g)].map((m) => m[1] ?? ''),
    ),
  );
  names.delete('node:crypto');
  for (const name of names) {
    files[`node_modules/${name}/package.json`] = JSON.stringify({ name, version: '1.0.0', main: 'index.js' });
    files[`node_modules/${name}/index.js`] = 'export {};';
  }
  names.delete('vitest');
  files['package.json'] = JSON.stringify({
    dependencies: Object.fromEntries([...names].map((name) => [name, '1.0.0'])),
    devDependencies: { vitest: '1.0.0' },
  });
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree.path, file)), { recursive: true });
    await writeFile(join(tree.path, file), text);
  }

  const caught = await violations(tree.path);

  const expected = offences.map(([rule, file]) => ({ rule, from: file }));
  expect(caught).toEqual(expect.arrayContaining(expected));
  // A bad import may break a second rule as well (a package from the wrong layer); a good one none.
  expect(caught.filter(({ from }) => from in surroundings)).toEqual([]);
  expect(new Set(offences.map(([rule]) => rule))).toEqual(new Set(forbidden.map(({ name }) => name)));
});

async function violations(directory: string): Promise<{ rule: string; from: string }[]> {
  const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [cruiser, '--config', rulesFile, '--output-type', 'json', 'src', 'action', 'demo'],
    { cwd: directory, maxBuffer: 64 * 1024 * 1024 },
  );
  const { summary } = JSON.parse(stdout) as {
    summary: { violations: { from: string; rule: { name: string } }[] };
  };
  return summary.violations.map(({ from, rule }) => ({ rule: rule.name, from }));
}

/** Lines in which a source text reads `process.env`, by whatever way of writing it. Comments and strings do not count. */
function environmentReads(source: string): number[] {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true);
  const lines: number[] = [];
  const found = (node: ts.Node) =>
    lines.push(file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1);
  const isProcess = (node: ts.Node | undefined) =>
    node !== undefined &&
    ((ts.isIdentifier(node) && node.text === 'process') ||
      (ts.isPropertyAccessExpression(node) && node.name.text === 'process'));

  const visit = (node: ts.Node) => {
    if (ts.isPropertyAccessExpression(node) && node.name.text === 'env' && isProcess(node.expression))
      found(node);
    if (
      ts.isElementAccessExpression(node) &&
      ts.isStringLiteral(node.argumentExpression) &&
      node.argumentExpression.text === 'env' &&
      isProcess(node.expression)
    )
      found(node);
    if (
      ts.isVariableDeclaration(node) &&
      ts.isObjectBindingPattern(node.name) &&
      isProcess(node.initializer) &&
      node.name.elements.some((element) => (element.propertyName ?? element.name).getText(file) === 'env')
    )
      found(node);
    if (
      ts.isImportDeclaration(node) &&
      /^['"](?:node:)?process['"]$/.test(node.moduleSpecifier.getText(file)) &&
      node.importClause?.namedBindings !== undefined &&
      ts.isNamedImports(node.importClause.namedBindings) &&
      node.importClause.namedBindings.elements.some(
        ({ propertyName, name }) => (propertyName ?? name).text === 'env',
      )
    )
      found(node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return lines;
}

async function sourceFiles(folders: string[]): Promise<string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    for (const file of await readdir(join(root, folder), { recursive: true })) {
      const path = `${folder}/${file}`;
      if (path.endsWith('.ts') && !/^(?:action\/dist|demo\/repository)\/|\/node_modules\//.test(path))
        files.push(path);
    }
  }
  return files;
}

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'dexter-rules-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
