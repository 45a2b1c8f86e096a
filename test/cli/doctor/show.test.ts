import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type CheckResult, DoctorReport, reportOf } from '../../../src/cli/doctor/report.ts';
import { type Look, resultPrinter, summary } from '../../../src/cli/doctor/show.ts';

const titles = ['Configuration', 'Webhook address'];

function result(changes: Partial<CheckResult> = {}): CheckResult {
  return {
    check: 'configuration',
    title: 'Configuration',
    area: 'app',
    subject: null,
    level: 'ok',
    message: 'All there.',
    fix: null,
    because: null,
    ...changes,
  };
}

function shown(results: CheckResult[], look: Look = { colours: false, width: undefined }): string[] {
  const lines: string[] = [];
  const show = resultPrinter(titles, look, (line) => lines.push(line));
  for (const one of results) show(one);
  return lines;
}

describe('results on a terminal', () => {
  it('are aligned below what they are about', () => {
    expect(
      shown([
        result(),
        result({ title: 'Webhook address', level: 'failed', message: 'It is elsewhere.', fix: 'Set it.' }),
        result({ area: 'repository', subject: 'acme/shop', level: 'skipped', message: 'Not asked.' }),
      ]),
    ).toEqual([
      'App',
      '  ✓ Configuration    All there.',
      '  ✗ Webhook address  It is elsewhere.',
      '                     → Set it.',
      '',
      'Repository acme/shop',
      '  – Configuration    Not asked.',
    ]);
  });

  it('fit into its width, with addresses left whole', () => {
    const address = `https://example.com/${'x'.repeat(80)}`;
    const message = `A long text that needs more than one line of this terminal, and ${address} at its end`;
    const lines = shown([result({ level: 'warning', message, fix: message })], { colours: false, width: 70 });
    expect(lines.filter((line) => line.length > 70)).toEqual([
      expect.stringMatching(new RegExp(`^ +${address}$`)),
      expect.stringMatching(new RegExp(`^ +${address}$`)),
    ]);
    expect(
      lines
        .slice(1)
        .map((line) => line.trim())
        .join(' '),
    ).toContain(message);
  });

  it('say each line of a message on its own', () => {
    expect(shown([result({ message: '2 problems:\n\n  - one\n  - two' })])).toEqual([
      'App',
      '  ✓ Configuration    2 problems:',
      '                       - one',
      '                       - two',
    ]);
  });

  it('hold nothing that a terminal obeys but their own colours', () => {
    const hostile = 'a\u001b[2J\u202eb\rc';
    const results = [
      result({ level: 'failed', message: hostile, fix: hostile }),
      result({ area: 'jira', subject: hostile, level: 'skipped', message: hostile }),
    ];
    const inColour = shown(results, { colours: true, width: 80 }).join('\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is looked for
    const bare = inColour.replaceAll(/\u001b\[\d+m/g, '');
    expect(bare).not.toBe(inColour);
    expect(bare).toBe(shown(results, { colours: false, width: 80 }).join('\n'));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is what is asked
    expect(bare).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it('end with how many there are of each, and what was left out', () => {
    const results = [result(), result({ level: 'failed', fix: 'x' }), result({ level: 'warning', fix: 'x' })];
    const report = reportOf(results, ['3 more repositories of acme.'], new Date(0));
    expect(summary(report, { colours: false })).toEqual([
      'Left out: 3 more repositories of acme.',
      '1 failed, 1 warning, 1 ok.',
    ]);
    expect(report.outcome).toBe('failed');
    expect(reportOf(results.slice(2), [], new Date(0)).outcome).toBe('ok');
  });
});

it('docs/doctor.md shows a report of the shape that is printed', async () => {
  const page = await readFile(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  const report = DoctorReport.parse(JSON.parse(json));
  expect(report).toEqual(reportOf(report.checks, report.leftOut, new Date(report.checkedAt)));
});
