import { describe, expect, it } from 'vitest';
import { adfToMarkdown } from '../../src/jira/adf-to-markdown.ts';
import { renderStatusComment } from '../../src/report/status-comment.ts';
import { renderTicketEnd } from '../../src/report/ticket-comment.ts';
import { problem, report } from './reports.ts';

const commandId = '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11';
const options = { sameHost: 'https://github.com' };

const { session: _, pullRequest: __, ...bare } = report;
const forgetReport = { ...bare, summary: '', commits: [], durationMs: 4_000 };

describe('the answer to a forget', () => {
  it('says what went and what stays', () => {
    const done = {
      ...forgetReport,
      forgotten: [
        { store: 'workspace' as const, generations: 0 },
        { store: 's3' as const, generations: 3 },
      ],
    };
    expect(renderStatusComment({ commandId, status: 'done', report: done }, options)).toMatchInlineSnapshot(`
      "✅ **Done** in 4 s

      - Store \`workspace\`: there was nothing.
      - Store \`s3\`: 3 generations removed.

      What stays: comments, commits, pull requests, and the record of the commands. Workspaces of other runners are not reached from here; \`dexter session rm\` on such a runner removes what it holds. The next instruction starts a new session.

      <!-- dexter:0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11 -->"
    `);
    expect(adfToMarkdown(renderTicketEnd({ status: 'done', report: done }, options))).toMatchInlineSnapshot(`
      "**✅ Done** in 4 s

      - Store \`workspace\`: there was nothing.
      - Store \`s3\`: 3 generations removed.

      What stays: comments, commits, pull requests, and the record of the commands. Workspaces of other runners are not reached from here; \`dexter session rm\` on such a runner removes what it holds. The next instruction starts a new session."
    `);
  });

  it('says what is left and why', () => {
    const failed = {
      ...forgetReport,
      outcome: 'failed' as const,
      forgotten: [
        { store: 'actions-cache' as const, generations: 2, problem: 'HTTP 403 for\n@acme/owners' },
        { store: 's3' as const, generations: 1 },
        { store: 'workspace' as const, generations: 0, problem: 'x'.repeat(600) },
      ],
    };
    const text = renderStatusComment({ commandId, status: 'failed', problem, report: failed }, options);
    expect(text).toContain('- Store `actions-cache`: 2 generations removed, the rest is left. HTTP 403 for');
    expect(text).toContain('`@acme/owners`');
    expect(text).toContain('- Store `s3`: 1 generation removed.');
    expect(text).toMatch(/`workspace`: not removed\. x{500}\n/);
    expect(text).not.toContain('What stays');
    expect(text).not.toContain('Tokens');
  });
});
