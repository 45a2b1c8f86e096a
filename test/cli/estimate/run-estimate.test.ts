import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Measured } from '../../../src/cli/estimate/measure.ts';
import { defaultPage, runEstimate } from '../../../src/cli/estimate/run-estimate.ts';
import type { Flags } from '../../../src/cli/flag-values.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { fakeTerminal } from '../fake-terminal.ts';

type Form = 'terminal' | 'json' | 'markdown';

async function run(
  flags: Flags,
  form: Form = 'terminal',
  look = { colours: false, width: 90 },
  measured?: Measured,
) {
  const { terminal, printed, told } = fakeTerminal();
  const code = await runEstimate(flags, { form, look }, terminal, measured && (async () => measured));
  return { code, printed, told, text: printed.join('\n') };
}

const Months = z.object({
  parameters: z.record(z.string(), z.unknown()),
  prices: z.object({ model: z.string(), input: z.number() }),
  note: z.object({
    arithmetic: z.string(),
    months: z.array(z.object({ option: z.string(), apiUsd: z.number() })),
  }),
  honest: z.object({
    followUps: z.array(z.object({ costs: z.record(z.string(), z.object({ usd: z.number() })) })),
    months: z.array(z.object({ strategy: z.string(), totalUsd: z.number(), storageUsd: z.number() })),
  }),
  published: z.array(z.unknown()).optional(),
});

async function inJson(flags: Flags, measured?: Measured) {
  const { printed } = await run(flags, 'json', undefined, measured);
  expect(printed).toHaveLength(1);
  return Months.parse(JSON.parse(printed[0] ?? ''));
}

describe('dexter estimate', () => {
  it("shows the research note's tables as they were published, and the same with a prompt cache", async () => {
    const { code, printed, text } = await run({});
    expect(code).toBe(0);
    expect(printed).toContain('  No caching             $0      $157.20 [1]  $157.20           $0');
    expect(printed).toContain('  G: Session S3          $5 [4]   $66.00 [3]   $71.00      +$86.20');
    expect(text).toContain('No arithmetic of the note gives it.');
    expect(text).toMatch(/1 day +has lost it +\$0\.\d\d +\$0\.\d\d +[78]\d % +\$0\.\d\d +\d\d %/);
    expect(text).toContain('Where the note is too optimistic');
  });

  it('keeps to the width of the terminal, and colours only where it may', async () => {
    const { printed } = await run({}, 'terminal', { colours: false, width: 90 });
    const prose = printed.filter((line) => !/^ {2}|─/.test(line));
    expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(90);
    const esc = String.fromCharCode(27);
    expect(printed.join('')).not.toContain(esc);
    const coloured = await run({}, 'terminal', { colours: true, width: 90 });
    expect(coloured.text).toContain(`${esc}[1mIn short`);
  });

  it('aligns the columns of a table', async () => {
    const { printed } = await run({});
    const start = printed.indexOf('A month: 100 tickets, 3 follow-ups each');
    const rows = printed.slice(start + 4, start + 10);
    expect(rows).toHaveLength(6);
    const ends = rows.map((row) => row.search(/\$[\d.]+(?: \[\d\])? {2,}\$[\d.]+ {2,}[+-]?\$[\d.]+$/));
    expect(ends.every((at) => at > 0)).toBe(true);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  });

  it('prints the page of docs/estimate.md as Markdown', async () => {
    const { text } = await run({}, 'markdown');
    expect(text).toBe(defaultPage());
    expect(text).toContain('| D: Persistent WS | $28 | $66.00 <sup>3</sup> | $94.00 | +$63.20 |');
    expect(text).toContain('## Storage prices');
    expect(text).toContain('## Every figure of the note');
    const tables = text.split('\n').filter((line) => line.startsWith('|'));
    const cells = (line: string) => line.replaceAll('\\|', '').split('|').length;
    tables.forEach((line, index) => {
      const before = tables[index - 1];
      if (/^\| (?:---|---:)/.test(line) && before) expect(cells(line)).toBe(cells(before));
    });
  });

  it('prints everything as JSON in one line', async () => {
    const { note, honest, published, prices } = await inJson({});
    expect(prices).toMatchObject({ model: 'claude-sonnet-4-5', input: 3 });
    expect(note.arithmetic).toBe('as-published');
    expect(published?.length).toBeGreaterThan(200);
    expect(honest.months.map(({ strategy }) => strategy)).toEqual(['cold', 'full', 'dexter']);
    expect(honest.followUps).toHaveLength(4);
  });

  it('reckons with other parameters, unrounded and without the notes on what was published', async () => {
    const { note, published } = await inJson({ tickets: '200' });
    expect(note.arithmetic).toBe('exact');
    expect(note.months[0]?.apiUsd).toBeCloseTo(315, 9);
    expect(published).toBeUndefined();
    const { text } = await run({ tickets: '200' });
    expect(text).toContain('A month: 200 tickets, 3 follow-ups each');
    expect(text).not.toContain('The note has');
  });

  it("keeps the note's figures when only what it does not ask about is another", async () => {
    expect((await inJson({ gaps: '1h' })).note.arithmetic).toBe('as-published');
  });

  it('takes gaps with weights, and one gap without a mix', async () => {
    expect((await inJson({ gaps: '1h' })).honest.followUps).toHaveLength(1);
    const { text } = await run({ gaps: '2m:50,1h:30,1d:20' });
    expect(text).toContain('2 min (50 %), 1 h (30 %) and 1 day (20 %)');
  });

  it('says so where there are no follow-ups, or all of them come in time', async () => {
    const none = await run({ followUps: '0' });
    expect(none.text).toContain('There are no follow-ups.');
    expect(none.text).not.toMatch(/NaN|Infinity|undefined/);
    const early = await run({ gaps: '1m' });
    expect(early.text.replaceAll('\n', ' ')).toContain(
      'With these gaps the prompt cache holds the conversation each time.',
    );
  });

  it('takes another model by any of its names, and the dearer one costs more', async () => {
    const sonnet = await inJson({});
    const opus = await inJson({ model: 'us.anthropic.claude-opus-4-5-20251101-v1:0' });
    expect(opus.prices.model).toBe('claude-opus-4-5');
    expect(opus.honest.months[0]?.totalUsd).toBeGreaterThan(sonnet.honest.months[0]?.totalUsd ?? 0);
  });

  it('takes sessions to where they are kept', async () => {
    const own = await inJson({ storage: 'self-hosted-minio' });
    expect(own.honest.months.map(({ storageUsd }) => storageUsd)).toEqual([0, 0, 0]);
    const { text } = await run({ storage: 'digitalocean-spaces' });
    expect(text).toContain('DigitalOcean Spaces (S3-compatible)');
  });

  it('takes prices out of a file', async () => {
    await using place = await temporaryDirectory();
    const file = join(place.path, 'prices.yml');
    await writeFile(
      file,
      'models:\n  ours: { input: 6, output: 30, cacheWrite5m: 7.5, cacheWrite1h: 12, cacheRead: 0.6 }\nstorage:\n  s3-standard: { GB out: 0 }\n',
    );
    const [list, ours] = [await inJson({}), await inJson({ prices: file, model: 'ours' })];
    const of = ({ honest }: typeof list) => honest.months[0]?.totalUsd ?? 0;
    expect(of(ours)).toBeCloseTo(2 * of(list), 9);
    expect(ours.honest.months[1]?.storageUsd).toBeLessThan(list.honest.months[1]?.storageUsd ?? 0);
  });

  it.each([
    [{ tickets: '-5' }, '--tickets must be a whole number from 1 to 1,000,000'],
    [{ tickets: '0' }, '--tickets must be'],
    [{ tickets: 'many' }, '--tickets must be'],
    [{ tickets: '1e9' }, '--tickets must be'],
    [{ followUps: '101' }, '--follow-ups must be a number from 0 to 100'],
    [{ gaps: 'soon' }, '--gaps must be gaps such as `2m,1h,1d`'],
    [{ gaps: '2m:-1' }, '--gaps must be'],
    [{ cacheLife: '2h' }, '--cache-life must be `5m` or `1h`'],
    [{ contextTokens: '12' }, '--context-tokens must be'],
    [{ sessionMb: '999999999' }, '--session-mb must be'],
    [{ tickets: 'x', gaps: 'y' }, '--gaps must be'],
    [{ model: 'sonnet' }, 'The prices of the model `sonnet` are not known'],
    [{ storage: 'floppy' }, '--storage: there is no price `floppy` of this kind'],
    [{ redis: 's3-standard' }, '--redis: there is no price `s3-standard` of this kind'],
    [{ baseTokens: '30000' }, '--compacted-tokens (8,000) must not be below --base-tokens (30,000)'],
    [{ prices: '/nowhere/prices.yml' }, '--prices /nowhere/prices.yml: there is no such file'],
  ])('refuses %j and says what is wrong', async (flags, message) => {
    await expect(run(flags)).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining(message),
      hint: expect.stringMatching(/\S/),
    });
  });

  it.each([
    [
      'models: { m: { input: -1, output: 1, cacheWrite5m: 1, cacheWrite1h: 1, cacheRead: 1 } }',
      'models.m.input',
    ],
    ['models: { m: { input: 1 } }', 'models.m.output'],
    ['storage: { s3-standard: { GB: 1 } }', 'storage.s3-standard'],
    ['storage: { floppy: { GB-month: 1 } }', 'there is no storage `floppy`'],
    ['model: {}', 'model'],
    ['models: [', '--prices'],
  ])('refuses a file of prices that says %j', async (content, message) => {
    await using place = await temporaryDirectory();
    const file = join(place.path, 'prices.yml');
    await writeFile(file, content);
    await expect(run({ prices: file })).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining(message),
    });
  });

  it('says of what it was measured, and flags go first', async () => {
    const measured: Measured = {
      values: { tickets: 12, followUps: 1.5, taskTokens: 85_000, gaps: [{ seconds: 7200, share: 1 }] },
      model: 'claude-opus-4-5-20251101',
      basis: { tickets: 4, runs: 10, days: 10 },
      doubts: ['That is little to go by (4 tickets): the figures will move as more runs are kept.'],
    };
    const { parameters, prices } = await inJson({ tickets: '40' }, measured);
    expect(parameters).toMatchObject({
      tickets: 40,
      followUps: 1.5,
      taskTokens: 80_000,
      restoresPerSession: 1.5,
    });
    expect(prices.model).toBe('claude-opus-4-5');
    // The conversation that was measured holds the base, however large that is said to be.
    const larger = await inJson({ baseTokens: '7000' }, measured);
    expect(larger.parameters).toMatchObject({ baseTokens: 7000, taskTokens: 78_000 });
    const shown = await run({}, 'terminal', undefined, measured);
    expect(shown.text).toContain('Measured by the ledger: 4 tickets with 10 runs in 10 days.');
    expect(shown.text).toContain('That is little to go by');
    expect((await run({}, 'json', undefined, measured)).told).toEqual(measured.doubts);
  });

  it('shows a model of somebody else harmlessly', async () => {
    const evil = '\u001b]0;evil\u0007`|x';
    const measured: Measured = {
      values: {},
      model: evil,
      basis: { tickets: 1, runs: 1, days: 1 },
      doubts: [],
    };
    await expect(run({}, 'terminal', undefined, measured)).rejects.toMatchObject({
      message: expect.stringContaining('which most runs of the ledger asked'),
    });
  });
});
