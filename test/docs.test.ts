import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { expect, test, vi } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { Inputs, isStandAlone, parseAloneInputs } from '../action/inputs.ts';
import { readRepositoryConfig } from '../src/commands/repository-config.ts';
import { parseConfig } from '../src/config.ts';
import { errorCodes } from '../src/core/errors.ts';
import type { Services } from '../src/jobs/services.ts';
import { registerGitHubEvents } from '../src/webhooks/index.ts';
import { type JiraReading, readJiraEvent } from '../src/webhooks/jira.ts';
import { exampleWorkflow, inputsFor } from './fakes/example-workflow.ts';
import { render } from './jira-rule/automation.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFile(join(root, path), 'utf8');
const pages = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...(await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];

const AppManifest = z.object({
  default_permissions: z.record(z.string(), z.enum(['read', 'write'])),
  default_events: z.array(z.string()),
});

const manifest = AppManifest.parse(parseYaml(await read('app.yml')));

test('docs/errors.md explains every code, each once, and no other', async () => {
  const explained = [...(await read('docs/errors.md')).matchAll(/^### `([a-z-]+)`$/gm)].map(
    ([, code]) => code,
  );
  expect(explained.toSorted()).toEqual([...errorCodes].toSorted());
});

test.each(pages)('the links of %s lead somewhere', async (page) => {
  const broken: string[] = [];
  for (const link of linksOf(await read(page))) {
    if (/^[a-z]+:/.test(link)) continue;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? join(root, page) : resolve(root, dirname(page), path);
    if (!existsSync(target)) broken.push(link);
    else if (anchor !== undefined && !anchorsOf(await readFile(target, 'utf8')).includes(anchor))
      broken.push(link);
  }
  expect(broken).toEqual([]);
});

test.each(['docs/economics.md', 'docs/estimate.md', 'docs/resume-policy.md'])(
  'no two tables of %s stand directly under each other',
  async (page) => {
    const tree = fromMarkdown(await read(page), {
      extensions: [gfm()],
      mdastExtensions: [gfmFromMarkdown()],
    });
    const blocks = tree.children.filter(({ type }) => type !== 'html');
    const adjoining = blocks.filter(
      ({ type }, index) => type === 'table' && blocks[index - 1]?.type === 'table',
    );
    expect(adjoining.map(({ position }) => position?.start.line)).toEqual([]);
  },
);

test.each(['docs/economics.md', 'docs/estimate.md', 'docs/resume-policy.md'])(
  '%s says how to switch compacted copies off',
  async (page) => {
    expect(await read(page)).toContain('`compact-above: 0`');
  },
);

test.each([
  ['stand-alone.yml', { issue_comment: { types: ['created'] } }],
  ['jira-repository-dispatch.yml', { repository_dispatch: { types: ['dexter'] } }],
])('the workflow of examples/%s runs without the app, with no more than it needs', async (name, on) => {
  const example = await exampleWorkflow(name);
  const { job, on: events, permissions, text } = example;
  const { workflow_dispatch: _, ...byOthers } = events;
  expect(byOthers).toEqual(on);
  expect(permissions).toEqual({});
  expect(job.permissions).toMatchObject({ contents: 'write', 'pull-requests': 'write' });
  expect(job.permissions).not.toHaveProperty('id-token');
  expect(text).not.toMatch(/^\s*(?:-\s+)?run:|pull_request_target:/m);
  const github = {
    event: {
      issue: { number: 7 },
      comment: { body: '@dexter add tests' },
      client_payload: { issueKey: 'SHOP-42', instruction: '@dexter add tests', url: 'https://jira.example' },
    },
  };
  const given = inputsFor(example, { github, secrets: {} });
  expect(Object.keys(Inputs.shape)).toEqual(expect.arrayContaining(Object.keys(given)));
  const getInput = (asked: string) => given[asked] ?? '';
  expect(isStandAlone(getInput)).toBe(true);
  const { number, issueKey, instruction } = parseAloneInputs(getInput).request;
  expect([number, issueKey]).toContain(name === 'stand-alone.yml' ? 7 : 'SHOP-42');
  expect(instruction).toBe('@dexter add tests');
});

test.each([
  ['examples/dexter-config.yml', await read('examples/dexter-config.yml')],
  ['docs/install.md', fences(await read('docs/install.md'), 'yaml').find((text) => text.startsWith('jira:'))],
])('the configuration in %s is valid', (_, text) => {
  const config = parseConfig(
    {
      APP_ID: '1',
      PRIVATE_KEY: 'PRIVATE KEY',
      WEBHOOK_SECRET: '0123456789abcdef',
      JIRA_TOKEN: 'token',
      JIRA_WEBHOOK_SECRET: 'secret',
    },
    text,
  );
  expect(config.jira).toMatchObject([{ name: 'acme', projects: { SHOP: 'acme/shop' } }]);
});

test('the budgets in docs/economics.md are valid', async () => {
  const [ofApp, ofRepository] = fences(await read('docs/economics.md'), 'yaml');
  const env = { APP_ID: '1', PRIVATE_KEY: 'PRIVATE KEY', WEBHOOK_SECRET: '0123456789abcdef' };
  expect(parseConfig(env, ofApp).budgets).toMatchObject({ issue: 20, repositories: { 'acme/website': {} } });
  expect(readRepositoryConfig(ofRepository)).toMatchObject({
    config: { maxBudget: 3, budgets: { issue: 10 } },
  });
});

test('what docs/jira-automation.md has the rules send is read as a command, or as a change', async () => {
  const readings = fences(await read('docs/jira-automation.md'), 'json').map((body) => sentByRule(body));
  expect(readings).toMatchObject([
    { outcome: 'command', command: { origin: { kind: 'jira-comment', commentId: '10010' } } },
    { outcome: 'command', command: { origin: { kind: 'jira-label' }, actor: { accountId: '712020:1' } } },
    { outcome: 'ignored', reason: 'only a change' },
  ]);
});

test('app.yml subscribes to the events that are handled', () => {
  const on = vi.fn();
  registerGitHubEvents({ on } as unknown as Parameters<typeof registerGitHubEvents>[0], {} as Services);
  const handled = on.mock.calls
    .flatMap(([names]) => [names].flat())
    .map((name) => String(name).split('.')[0])
    // GitHub tells every app of its installations; one cannot subscribe to that.
    .filter((name) => !name?.startsWith('installation'));
  expect([...new Set(handled)].toSorted()).toEqual(manifest.default_events.toSorted());
});

test('the README gives a reason for each permission and event of app.yml', async () => {
  const rows = [...(await read('README.md')).matchAll(/^\| `([a-z_]+)` \| (?:(read|write) \| )?\S.* \|$/gm)];
  const permissions = rows.filter(([, , access]) => access).map(([, name, access]) => [name, access]);
  expect(Object.fromEntries(permissions)).toEqual(manifest.default_permissions);
  const events = rows.filter(([, , access]) => !access).map(([, name]) => name);
  expect(events).toEqual(expect.arrayContaining(manifest.default_events));
});

/** Addresses of the links and images of a page, wherever they stand in it. */
function linksOf(markdown: string): string[] {
  const found: string[] = [];
  const walk = (node: Nodes) => {
    if ('url' in node) found.push(node.url);
    if ('children' in node) node.children.forEach(walk);
  };
  walk(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
  return found;
}

/** Ids of the headings, as GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function fences(markdown: string, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...markdown.matchAll(pattern)].map(([, text = '']) => text);
}

/** What JIRA makes of the custom data of a rule. */
function sentByRule(customData: string): JiraReading {
  const body = render(customData, {
    'issue.key': 'SHOP-42',
    'issue.updated': '2026-01-12T10:41:00.0+0000',
    'comment.id': '10010',
    'comment.body': '@dexter add "tests"\nfor the rounding',
    'initiator.accountId': '712020:1',
  });
  return readJiraEvent(body, { connection: 'acme', label: 'dexter', own: { name: 'dexter' } });
}
