import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { withLogContext, withoutLogContext } from '../../src/core/log-context.ts';
import { createLog, type LogOptions } from '../../src/logging/create-log.ts';

function logOf(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({
    level: 'debug',
    format: 'json',
    secrets: ['hunter2-secret'],
    write: (line) => lines.push(line),
    ...options,
  });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '') };
}

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const commandId = '11111111-1111-4111-8111-111111111111';

describe('the log as JSON', () => {
  it('has the level as a word, the time in ISO 8601, and who wrote it', () => {
    const { log, lines, last } = logOf();
    log.warn({ issueKey: 'SHOP-42' }, 'not told');
    expect(lines).toEqual([
      expect.stringMatching(/^\{"level":"warn","issueKey":"SHOP-42","timestamp":.*\}\n$/),
    ]);
    expect(last()).toEqual({
      level: 'warn',
      issueKey: 'SHOP-42',
      timestamp: isoTime,
      pid: process.pid,
      hostname: expect.any(String),
      msg: 'not told',
    });
  });

  it('says on each line whose work it is, also of work at the same time', async () => {
    const { log, lines } = logOf();
    const work = (id: string, milliseconds: number) =>
      withLogContext({ commandId: id }, async () => {
        log.info('begun');
        await setTimeout(milliseconds);
        log.child({ name: 'client' }).debug('asked');
        await withLogContext({ deliveryId: `of ${id}` }, async () => log.info('told'));
        log.info('done');
      });
    await Promise.all([work('a', 3), work('b', 1), work('c', 2)]);
    const read = lines.map((line) => JSON.parse(line));
    for (const id of ['a', 'b', 'c'])
      expect(
        read.filter((line) => line.commandId === id).map(({ msg, deliveryId }) => [msg, deliveryId]),
      ).toEqual([
        ['begun', undefined],
        ['asked', undefined],
        ['told', `of ${id}`],
        ['done', undefined],
      ]);
    log.info('of nobody');
    expect(JSON.parse(lines.at(-1) ?? '')).not.toHaveProperty('commandId');
    withLogContext({ commandId: 'a' }, () => withoutLogContext(() => log.info('of everybody')));
    expect(JSON.parse(lines.at(-1) ?? '')).not.toHaveProperty('commandId');
  });

  it('lets a line say itself whose it is', () => {
    const { log, lines, last } = logOf();
    withLogContext({ commandId: 'a' }, () => log.info({ commandId: 'b' }, 'ended'));
    expect(last().commandId).toBe('b');
    expect(lines[0]?.match(/commandId/g)).toHaveLength(1);
  });

  it('tells of an error with its causes, and without the secrets in them', () => {
    const { log, lines, last } = logOf();
    const cause = Object.assign(new Error('401 of redis://x:hunter2-secret@y'), {
      request: { headers: { authorization: `token ghs_${'a1B2'.repeat(12)}` } },
    });
    log.error(
      { err: new AppError('github-failed', { message: 'failed', hint: 'mend it', cause }) },
      'it broke',
    );
    log.error(cause);
    expect(lines.join('')).not.toMatch(/hunter2|a1B2/);
    expect(last().err).toMatchObject({
      request: { headers: { authorization: 'token [REDACTED:github-token]' } },
    });
  });
});

describe('the log for people', () => {
  it('is one line with the time, the level, the beginning of the id, and what it is about', () => {
    const { log, lines } = logOf({ format: 'pretty' });
    withLogContext({ commandId }, () =>
      log.info({ issueKey: 'SHOP-42', title: 'two words' }, 'command received'),
    );
    log.warn('of nobody');
    expect(lines).toEqual([
      expect.stringMatching(
        /^\d\d:\d\d:\d\d\.\d{3} info {2}11111111 command received issueKey=SHOP-42 title="two words"\n$/,
      ),
      expect.stringMatching(/^\d\d:\d\d:\d\d\.\d{3} warn {11}of nobody\n$/),
    ]);
  });

  it('has colours only where they are wanted', () => {
    const [plain, coloured] = [false, true].map((colours) => {
      const { log, lines } = logOf({ format: 'pretty', colours });
      log.error({ err: new Error('broken') }, 'it broke');
      return lines.join('');
    });
    expect(plain).not.toContain('\u001b');
    expect(coloured).toContain('\u001b[31m');
  });

  it('cannot be made to show lines, colours or movements that are not its own', () => {
    const { log, lines } = logOf({ format: 'pretty' });
    const bad = 'x\n12:00:00.000 info forged\u001b[2J\u009b1A\r';
    log.error({ err: new Error(bad), [bad]: bad, commandId: bad }, bad);
    const written = lines.join('');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    expect(written).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(written.split('\n').filter((line) => /^\S/.test(line))).toHaveLength(1);
  });

  it('shows an error with its hint and the lines of the stack that are our own, without secrets', () => {
    const { log, lines } = logOf({ format: 'pretty' });
    log.error(
      { err: new AppError('github-failed', { message: 'no hunter2-secret', hint: 'Wait.' }) },
      'it broke',
    );
    expect(lines.join('')).toMatch(
      /it broke\n {4}AppError: no \[REDACTED:secret\]\n {4}at [\s\S]*\n {4}Wait\.\n$/,
    );
    expect(lines.join('')).not.toContain('node:');
  });
});
