import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeContextFiles } from '../../action/context-files.ts';
import type { AttachmentRef } from '../../src/core/context.ts';
import type { ClaimResponse } from '../../src/core/runner.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let context: string;
let kept: string;
let asked: string[];
beforeEach(async () => {
  directory = await temporaryDirectory();
  context = join(directory.path, 'context');
  kept = join(directory.path, 'attachments');
  asked = [];
  await mkdir(context);
});
afterEach(() => directory.remove());

function attachment(id: string, fileName: string, more: Partial<AttachmentRef> = {}): AttachmentRef {
  const createdAt = `2026-01-0${id}T00:00:00Z`;
  return {
    id,
    name: fileName,
    fileName,
    mimeType: 'text/plain',
    bytes: 3,
    createdAt,
    author: 'Maria',
    ...more,
  };
}

function write(given: ClaimResponse['context'], contents: Record<string, string> = {}) {
  const app = {
    attachment: async (_: unknown, id: string) => {
      asked.push(id);
      const content = contents[id];
      if (content === undefined) throw new Error('JIRA is away');
      return Buffer.from(content);
    },
  };
  const log = { info: () => undefined, warn: () => undefined, secret: () => undefined };
  return writeContextFiles(
    { app, claim: { context: given, fence: 1, runToken: 'x' }, log },
    { context, attachments: kept },
  );
}

it('writes nothing where the prompt has everything', async () => {
  expect((await write({ attachments: [] })).notices).toEqual([]);
  expect(await readdir(context)).toEqual([]);
});

it('writes the whole context where the prompt is shortened, and says where', async () => {
  const [notice, ...others] = (await write({ full: '# All of it', attachments: [] })).notices;
  expect(notice).toContain(`\`${join(context, 'ticket.md')}\``);
  expect(others).toEqual([]);
  expect(await readFile(join(context, 'ticket.md'), 'utf8')).toBe('# All of it');
});

it('writes attachments that can be read, and says of the others why not', async () => {
  const attachments = [
    attachment('1', 'shop.log'),
    attachment('2', 'gone.txt'),
    attachment('3', 'film.mp4', { mimeType: 'video/mp4' }),
    attachment('4', 'huge.log', { bytes: 30_000_000 }),
  ];
  const { notices, attachments: paths } = await write({ attachments }, { 1: 'log' });
  expect([...paths]).toEqual([['1', join(context, 'attachments', 'shop.log')]]);
  expect(await readFile(join(context, 'attachments', 'shop.log'), 'utf8')).toBe('log');
  expect(await readdir(join(context, 'attachments'))).toEqual(['shop.log']);
  expect(notices[0]).toContain('`shop.log` (3 B)');
  expect(notices[1]).toMatch(
    /`huge\.log` \(30 MB, larger .*`film\.mp4` \(neither .*`gone\.txt` \(JIRA is away\)/,
  );
});

/** What the next run of the session finds. */
async function nextRun(): Promise<void> {
  await rm(context, { recursive: true });
  await mkdir(context);
  asked = [];
}

it('asks for an attachment once, and for one that changed its size again', async () => {
  const contents = { 1: 'log', 2: 'two' };
  await write({ attachments: [attachment('1', 'a.log'), attachment('2', 'b.log')] }, contents);
  await nextRun();
  await write({ attachments: [attachment('1', 'a.log'), attachment('2', 'b.log', { bytes: 4 })] }, contents);
  expect(asked).toEqual(['2']);
  expect(await readFile(join(context, 'attachments', 'a.log'), 'utf8')).toBe('log');
});

it('forgets the attachments that the ticket does not have any more', async () => {
  await write({ attachments: [attachment('1', 'a.log'), attachment('2', 'b.log')] }, { 1: 'log', 2: 'two' });
  await nextRun();
  await write({ attachments: [attachment('2', 'b.log')] });
  expect(await readdir(kept)).toEqual(['2']);
});

it('follows no link that was put in the place of an attachment or of them all', async () => {
  const secret = join(directory.path, 'secret');
  await mkdir(kept);
  await writeFile(secret, 'key');
  await symlink(secret, join(kept, '1'));
  await write({ attachments: [attachment('1', 'a.log')] }, { 1: 'log' });
  expect(await readFile(join(context, 'attachments', 'a.log'), 'utf8')).toBe('log');
  expect(await readFile(secret, 'utf8')).toBe('key');
  await nextRun();
  await rm(kept, { recursive: true });
  const elsewhere = join(directory.path, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, '1'), 'key');
  await symlink(elsewhere, kept);
  await write({ attachments: [attachment('1', 'a.log')] }, { 1: 'log' });
  expect(asked).toEqual(['1']);
  expect(await readFile(join(elsewhere, '1'), 'utf8')).toBe('key');
});

it('keeps nothing under an id that is no name', async () => {
  const odd = attachment('1', 'a.log', { id: '../escaped' });
  await write({ attachments: [odd] }, { '../escaped': 'log' });
  expect(await readdir(kept)).toEqual([]);
  expect(await readdir(directory.path)).toEqual(['attachments', 'context']);
});
