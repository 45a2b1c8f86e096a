import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { measureWorkspace, workspaceUse } from '../../src/workspace/workspace-use.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let workspace = '';
let warnings: string[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory();
  workspace = join(directory.path, 'workspace');
  await mkdir(workspace);
  warnings = [];
});

afterEach(() => directory.remove());

const warn = (message: string) => void warnings.push(message);
const measure = (at: string, limitMs?: number) =>
  measureWorkspace({
    workspace,
    now: new Date(at),
    warn,
    ...(limitMs === undefined ? {} : { limitMs }),
  });
const fill = (name: string, kilobytes: number) =>
  writeFile(join(workspace, name), Buffer.alloc(kilobytes * 1024, 'x'));

test('a workspace is measured from its second run on, and told by the run after that', async () => {
  await fill('checkout', 200);
  expect(await workspaceUse(workspace)).toBeUndefined();
  await measure('2026-05-04T10:00:00Z');
  expect(await workspaceUse(workspace)).toBeUndefined();
  await measure('2026-05-04T10:05:00Z');
  const use = await workspaceUse(workspace);
  expect(use?.bytes).toBeGreaterThanOrEqual(200 * 1024);
  expect(use?.bytes).toBeLessThan(400 * 1024);
  expect(use?.freeBytes).toBeGreaterThan(0);
  expect(warnings).toEqual([]);
});

test('it is measured once a day, and again when the clock was set back', async () => {
  await measure('2026-05-04T10:00:00Z');
  await measure('2026-05-04T10:05:00Z');
  const before = await workspaceUse(workspace);
  await fill('checkout', 200);
  await measure('2026-05-05T10:00:00Z');
  expect((await workspaceUse(workspace))?.bytes).toBe(before?.bytes);
  await measure('2026-05-05T10:05:00Z');
  const after = await workspaceUse(workspace);
  expect(after?.bytes).toBeGreaterThan((before?.bytes ?? 0) + 199 * 1024);
  await fill('another', 200);
  await measure('2026-01-01T00:00:00Z');
  expect((await workspaceUse(workspace))?.bytes).toBeGreaterThan((after?.bytes ?? 0) + 199 * 1024);
});

test('of one that takes too long it is what was looked at', async () => {
  await measure('2026-05-04T10:00:00Z');
  await fill('checkout', 200);
  await measure('2026-05-04T10:05:00Z', 0);
  expect((await workspaceUse(workspace))?.bytes).toBe(0);
  expect(warnings).toEqual([]);
});

test.each([
  ['no JSON', '{'],
  ['something else', '{"measured":{"bytes":-1}}'],
  ['more than there can be', '{"measured":{"at":"2026-05-04T10:00:00Z","bytes":2000000000000000}}'],
  ['very long', `{"measured":{"at":"2026-05-04T10:00:00Z","bytes":1}}${' '.repeat(2_000)}`],
])('a file that holds %s is written anew', async (_what, text) => {
  await writeFile(join(workspace, 'usage.json'), text);
  expect(await workspaceUse(workspace)).toBeUndefined();
  await measure('2026-05-04T10:00:00Z');
  expect(await readFile(join(workspace, 'usage.json'), 'utf8')).toBe('{}');
});

test('a link in its place is not followed', async () => {
  const elsewhere = join(directory.path, 'elsewhere');
  await writeFile(elsewhere, '{"measured":{"at":"2026-05-04T10:00:00Z","bytes":1}}');
  await symlink(elsewhere, join(workspace, 'usage.json'));
  expect(await workspaceUse(workspace)).toBeUndefined();
  await measure('2026-05-04T10:00:00Z');
  expect(await readFile(elsewhere, 'utf8')).toContain('measured');
});

test('a workspace that is not there is said, and fails nothing', async () => {
  workspace = join(directory.path, 'nowhere');
  await measure('2026-05-04T10:00:00Z');
  expect(warnings).toHaveLength(1);
  expect(await workspaceUse(workspace)).toBeUndefined();
});
