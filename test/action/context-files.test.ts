import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeContextFiles } from '../../action/context-files.ts';
import type { AttachmentRef } from '../../src/core/context.ts';
import type { ClaimResponse } from '../../src/core/runner.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let context: string;
beforeEach(async () => {
  directory = await temporaryDirectory();
  context = join(directory.path, 'context');
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
      const content = contents[id];
      if (content === undefined) throw new Error('JIRA is away');
      return Buffer.from(content);
    },
  };
  const log = { info: () => undefined, warn: () => undefined, secret: () => undefined };
  return writeContextFiles({ app, claim: { context: given, fence: 1, runToken: 'x' }, log }, { context });
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
