import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { valueFlags } from '../../../src/cli/estimate/flags.ts';
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
  prices: z.looseObject({ model: z.string(), input: z.number() }),
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

/** Lines that stand between empty ones, or are underlined. */
const headingsOf = (text: string) =>
  text.split('\n').filter((line, index, lines) => {
    const [before, after] = [lines[index - 1] ?? '', lines[index + 1] ?? ''];
    return before === '' && /^[A-Z]/.test(line) && !/[.:;]$/.test(line) && (after === '' || /^═/.test(after));
  });

const camelCase = (flag: string) => flag.slice(2).replace(/-./g, (found) => found.slice(1).toUpperCase());

/** Of the table of a ticket: first run, follow-ups, copies. */
const copiesOf = (lines: readonly string[]) =>
  lines
    .map((line) => /^ {2}Dexter +\$[\d.]+ +\$[\d.]+ +(\$[\d.]+) +\$[\d.]+ +\d+ %$/.exec(line)?.[1])
    .find((usd) => usd !== undefined);

describe('dexter estimate', () => {
  it('answers first: what it costs with a prompt cache', async () => {
    const { code, printed, text } = await run({});
    expect(code).toBe(0);
    expect(printed[0]).toBe('In short');
    expect(headingsOf(text)).toEqual([
      'In short',
      'What it costs with a prompt cache',
      'A follow-up',
      'A ticket',
      'A month: 100 tickets',
      'Break-even',
      'At scale: 1,000 tickets a month',
      'What is assumed',
    ]);
    expect(text).toMatch(/1 day +has lost it +\$0\.\d\d +\$0\.\d\d +[78]\d % +\$0\.\d\d +\d\d %/);
    expect(text).toContain('With --note also the tables of the research note');
  });

  it("shows the research note's tables as they were published, after the answer, where that is asked for", async () => {
    const { printed, text } = await run({ note: true });
    expect(printed).toContain('  No caching             $0      $157.20 [1]  $157.20           $0');
    expect(printed).toContain('  G: Session S3          $5 [4]   $66.00 [3]   $71.00      +$86.20');
    expect(text).toContain('No arithmetic of the note gives it.');
    expect(text).toContain('Where the note is too optimistic');
    expect(text).not.toContain('With --note');
    const answer = text.indexOf('What it costs with a prompt cache');
    expect(text.indexOf('What the research note reckons')).toBeGreaterThan(answer);
  });

  it('says in a line what a follow-up costs with Dexter, by the figures of its table', async () => {
    const rows = (text: string) =>
      [...text.matchAll(/(holds it|has lost it) .* (\d+ %) .* (\d+ %)$/gm)].map(([, , full, ours]) => [
        full,
        ours,
      ]);
    const both = await run({ note: true });
    const [early, late] = rows(both.text);
    expect(both.text.replaceAll(/\n/g, ' ')).toContain(`costs ${late?.[0]} of a new start, not 22.6 %.`);
    expect(both.text.replaceAll('\n', ' ')).toContain(
      `With Dexter a follow-up costs ${early?.[1]} of a new start while the prompt cache holds the conversation, and ${late?.[1]} afterwards; with the whole conversation resumed each time ${early?.[0]} and ${late?.[0]}.`,
    );
    const one = await run({ gaps: '1d' });
    const [only] = rows(one.text);
    expect(one.text.replaceAll('\n', ' ')).toContain(
      `With Dexter a follow-up costs ${only?.[1]} of a new start, and with the whole conversation resumed ${only?.[0]}: by then the prompt cache has lost the conversation.`,
    );
  });

  it.each([60, 80, 120])('keeps to a terminal of %d columns, tables too', async (width) => {
    const dear = { tickets: '40000', model: 'claude-opus-4-1', gaps: '2m:50,36h:30,1d:20' };
    for (const flags of [{ note: true }, { ...dear, note: true }]) {
      const { printed } = await run(flags, 'terminal', { colours: false, width });
      expect(printed.filter((line) => line.length > width)).toEqual([]);
    }
  });

  it('shows tables without wrapping on a terminal of 80 columns, but for a title', async () => {
    const { printed } = await run({}, 'terminal', { colours: false, width: 80 });
    const starts = printed.filter((line) => line.startsWith('  New start each time '));
    // In short, a ticket, a month, at scale.
    expect(starts).toHaveLength(4);
    expect(printed.filter((line) => /^ {2}─+$/.test(line))).toHaveLength(5);
  });

  it('colours only where it may', async () => {
    const esc = String.fromCharCode(27);
    expect((await run({})).text).not.toContain(esc);
    const coloured = await run({}, 'terminal', { colours: true, width: 90 });
    expect(coloured.text).toContain(`${esc}[1mIn short`);
  });

  it('aligns the columns of a table', async () => {
    const { printed } = await run({ note: true });
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
    const { text } = await run({ tickets: '200', note: true });
    expect(text).toContain('A month: 200 tickets, 3 follow-ups each');
    expect(text).not.toContain('The note has');
  });

  it('has the defaults that its flags name', async () => {
    const named = valueFlags.filter(({ flag }) => flag !== '--prices' && flag !== '--archive-mb');
    const flags = named.map(({ flag, default: usual }) => [camelCase(flag), usual]);
    // Its least and most are one size then, and the code is what the ticket leaves of the task.
    const { ticketKb: _, sessionMb: __, ...sizes } = (await inJson({})).parameters;
    const given = await inJson(Object.fromEntries(flags));
    expect(given.parameters).toMatchObject({ ...sizes, archiveMb: expect.closeTo(6.6, 9) });
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
    expect(none.text.replaceAll('\n', ' ')).toContain(
      '100 tickets a month with no follow-ups; claude-sonnet-4-5, storage included.  Without follow-ups there is nothing to save: a ticket costs $1.28 whichever way, all of them $127.93 a month, and keeping their sessions $0.02 more.',
    );
    expect(none.text).not.toMatch(/NaN|Infinity|undefined|-\$|Saved|comes:/);
    for (const form of ['json', 'markdown'] as const)
      expect((await run({ followUps: '0' }, form)).text).not.toMatch(/NaN|Infinity|undefined/);
    const early = await run({ gaps: '1m', note: true });
    expect(early.text.replaceAll('\n', ' ')).toContain(
      'With these gaps the prompt cache holds the conversation each time.',
    );
  });

  it.each(['0m', '2m'])('says that copies pay where its tables count them, also after %s', async (gaps) => {
    const { text, printed } = await run({ gaps });
    expect(text.replaceAll('\n', ' ')).toContain(
      'Copies pay, even when all follow-ups come within the life of the prompt cache, so they are counted.',
    );
    expect(copiesOf(printed)).not.toBe('$0.00');
  });

  it.each([
    ['2m', 'here 0 % do, so they are taken to be switched off (compact-above: 0).', '$0.00'],
    ['2m:1,1d:1', 'here 50 % do, so they are counted.', '$0.09'],
  ])('says from when on copies pay, and whether they do after %s', async (gaps, said, copies) => {
    const { text, printed } = await run({ gaps, compactedTokens: '60000' });
    const prose = text.replaceAll('\n', ' ');
    expect(prose).toMatch(/Copies pay when more than \d+ % of the follow-ups come after the life of/);
    expect(prose).toContain(said);
    expect(copiesOf(printed)).toBe(copies);
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
    const { text } = await run({ storage: 'digitalocean-spaces', note: true });
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
    [{ gaps: '', prices: ' ' }, '--gaps, --prices: the value is empty.'],
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
    [{ baseTokens: '30000' }, '--compacted-tokens (15,000) must not be below --base-tokens (30,000)'],
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
    [
      'models: { m: { input: 3, output: 15, cacheWrite5m: 3.75, cacheWrite1h: 6, cacheRead: 30 } }',
      '`models.m.cacheRead`: is above `input`, which is 3',
    ],
    ['models: { claude-sonnet-4-5: { cacheWrite1h: 1 } }', 'is below `cacheWrite5m` of the price list'],
    ['models: { claude-sonnet-4-5: { output: 1001 } }', 'must be a number from 0 to 1000'],
    ['models: 3', '`models`: must be a list of prices by their names'],
    ['storage: { s3-standard: { GB: 1 } }', '`storage.s3-standard`: `GB` is not one of GB-month; 1,000 PUT'],
    ['storage: { s3-standard: {} }', '`storage.s3-standard`: must have at least one price'],
    ['storage: { floppy: { GB-month: 1 } }', '`storage`: `floppy` is not one of s3-standard'],
    ['model: {}', '`model` is not `models` or `storage`'],
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

  it('tells all that is wrong with a file of prices at once, and takes a model that is listed in part', async () => {
    await using place = await temporaryDirectory();
    const file = join(place.path, 'prices.yml');
    const wrong = [
      'models: { claude-opus-4-5: { cacheRead: 6 } }',
      'storage: { floppy: { GB-month: 1 }, s3-standard: { GB out: -1 } }',
      'modles: {}',
    ];
    await writeFile(file, wrong.join('\n'));
    const refused = await run({ prices: file }).catch((error: Error) => error.message);
    for (const place of [
      'models.claude-opus-4-5.cacheRead',
      '`floppy`',
      'storage.s3-standard.GB out',
      '`modles`',
    ])
      expect(refused).toContain(place);
    await writeFile(file, 'models: { claude-sonnet-4-5: { cacheRead: 0.15 } }');
    expect((await inJson({ prices: file })).prices).toMatchObject({ input: 3, cacheRead: 0.15 });
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
      taskTokens: 77_240,
      restoresPerSession: 1.5,
    });
    expect(prices.model).toBe('claude-opus-4-5');
    // The conversation that was measured holds the base, however large that is said to be.
    const larger = await inJson({ baseTokens: '7000' }, measured);
    expect(larger.parameters).toMatchObject({ baseTokens: 7000, taskTokens: 78_000 });
    const shown = await run({}, 'terminal', undefined, measured);
    expect(shown.printed.slice(3, 8).join(' ')).toMatch(
      /^12 tickets a month \(scaled up from 4 tickets in 10 days\) with 1\.5 follow-ups each, .* Measured by the ledger: 4 tickets with 10 runs in 10 days\. That is little to go by/,
    );
    // What is given was not scaled.
    expect((await run({ tickets: '40' }, 'terminal', undefined, measured)).text).not.toContain('scaled');
    expect((await run({}, 'json', undefined, measured)).told).toEqual(measured.doubts);
  });

  it('counts one of a thing as one', async () => {
    const measured: Measured = {
      values: { tickets: 1, followUps: 1, firstRequests: 1, requests: 1, restoresPerSession: 1 },
      model: undefined,
      basis: { tickets: 1, runs: 1, days: 1 },
      doubts: [],
    };
    const { text } = await run({ scale: '1', gaps: '1d' }, 'markdown', undefined, measured);
    expect(text).toContain('1 ticket a month (scaled up from 1 ticket in 1 day) with 1 follow-up each');
    expect(text).toContain('### A month: 1 ticket, 1 follow-up each');
    expect(text).toContain('Measured by the ledger: 1 ticket with 1 run in 1 day.');
    expect(text).not.toMatch(/(?<![\d,.~-])1 (?:tickets|follow-ups|requests|runs|days|items)\b/);
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
