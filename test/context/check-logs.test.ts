import { describe, expect, it } from 'vitest';
import { lastLines, renderCheckLogs } from '../../src/context/check-logs.ts';

const at = (text: string) => `2026-01-05T09:00:00.1234567Z ${text}`;

describe('lastLines', () => {
  it('removes times, colours and what a progress bar wrote over', () => {
    const raw = [
      `\ufeff${at('##[group]Run npm test')}`,
      at('\u001b[31mred\u001b[0m and \u001b]0;title\u0007plain'),
      at(' 10 %\r 50 %\r100 %'),
      at('bell\u0007 and tab\tstay\r'),
      '',
    ].join('\n');
    expect(lastLines(raw, [])).toEqual(['Run npm test', 'red and plain', '100 %', 'bell and tab\tstay']);
  });

  it('ends with the last error, because what follows is tidying up', () => {
    const raw = [
      'one',
      'two',
      '##[error]Process completed with exit code 1.',
      'Post job cleanup.',
      'git version',
    ];
    expect(lastLines(raw.map(at).join('\n'), [])).toEqual([
      'one',
      'two',
      '##[error]Process completed with exit code 1.',
    ]);
  });

  it('shows the last sixty lines and counts the others', () => {
    const raw = Array.from({ length: 100 }, (_, index) => at(`line ${index + 1}`)).join('\n');
    const shown = lastLines(raw, []);
    expect(shown).toHaveLength(61);
    expect(shown[0]).toBe('(40 earlier lines are left out)');
    expect(shown[1]).toBe('line 41');
    expect(shown.at(-1)).toBe('line 100');
  });

  it('says that a log was cut, and shows no half line of it', () => {
    expect(lastLines('f a line\nwhole', [], { isCut: true })).toEqual([
      '(earlier lines are left out)',
      'whole',
    ]);
  });

  it('shows no secret, neither a known one nor one that stretches over lines', () => {
    const key = ['-----BEGIN RSA PRIVATE KEY-----', 'abcdef', 'ghijkl', '-----END RSA PRIVATE KEY-----'];
    const raw = ['token hunter2-hunter2', `ghp_${'a1'.repeat(18)}`, ...key, 'after'].map(at).join('\n');
    const shown = lastLines(raw, ['hunter2-hunter2']).join('\n');
    expect(shown).toBe('token [REDACTED:secret]\n[REDACTED:github-token]\n[REDACTED:private-key]\nafter');
  });

  it('shows no secret whose colours change in the middle', () => {
    expect(lastLines(at(`ghp_${'a1'.repeat(9)}\u001b[1m${'b2'.repeat(9)}`), [])).toEqual([
      '[REDACTED:github-token]',
    ]);
  });

  it('cuts a line that is too long', () => {
    const [line = ''] = lastLines('x'.repeat(2_000), []);
    expect(line).toHaveLength(501);
    expect(line.endsWith('…')).toBe(true);
  });
});

describe('renderCheckLogs', () => {
  it('shows each job with its link, and says what is missing', () => {
    const job = {
      workflow: 'CI',
      conclusion: 'failure',
      url: 'https://github.com/acme/shop/actions/runs/1/job/2',
    };
    const logs = {
      jobs: [{ ...job, name: 'test\n(24)', lines: ['not ok 1', '```', '##[error]Exit code 1'] }],
      more: 2,
      notices: ['The log of the failing job "lint" could not be read: HTTP 500.'],
    };
    expect(renderCheckLogs(logs)).toMatchInlineSnapshot(`
      "## End of the log of CI / test (24) (failure)

      Link: https://github.com/acme/shop/actions/runs/1/job/2

      \`\`\`\`text
      not ok 1
      \`\`\`
      ##[error]Exit code 1
      \`\`\`\`

      (The logs of 2 more failing jobs are left out)

      (The log of the failing job "lint" could not be read: HTTP 500.)"
    `);
  });

  it('is empty when no job failed', () => {
    expect(renderCheckLogs({ jobs: [], more: 0, notices: [] })).toBe('');
  });
});
