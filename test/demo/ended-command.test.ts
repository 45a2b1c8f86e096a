import { expect, it } from 'vitest';
import type { ListedCommand } from '../../demo/app.ts';
import { commandResult, endLine } from '../../demo/story/ended-command.ts';
import { problem, report, resumed } from '../report/reports.ts';

const command: ListedCommand = {
  id: '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11',
  source: 'github',
  issueKey: 'SHOP-42',
  status: 'done',
  told: true,
  untold: null,
  problem: null,
  progress: null,
  report: resumed,
};

it('the line of a command that ended says how it went on, what that cost and what it saved', () => {
  expect(endLine(command)).toBe(
    'done in 3 min 20 s · resumed (compacted, 3 h old) · $0.11 · 71 % less than a cold start · 65,469 tokens read, 53 % from the cache · 2 commits',
  );
  const { session } = report;
  if (!session) throw new Error('the report has a session');
  expect(endLine({ ...command, report: { ...report, session: { ...session, mode: 'fresh' } } })).toContain(
    'done in 3 min 20 s · new session · $0.11 · 35,469 tokens read',
  );
  expect(endLine({ ...command, status: 'failed', problem })).toBe(
    'failed: The push to `dexter/DX-1` was rejected, because the branch moved. Use `retry`.',
  );
});

it('the result of a command says how it went on and why, and what it saved', () => {
  expect(commandResult(command)).toMatchObject({
    mode: 'resume',
    choice: 'compacted',
    reason: '3 h old: the prompt cache has expired, and the copy is the cheapest way',
    costUsd: 0.1134,
    estimatedCostSaved: 0.2776,
    estimatedTokensSaved: 410_000,
    commits: 2,
  });
  expect(commandResult({ ...command, report })).toMatchObject({
    choice: null,
    reason: null,
    estimatedCostSaved: null,
    estimatedTokensSaved: null,
  });
  expect(commandResult({ ...command, report: null })).toMatchObject({
    costUsd: null,
    choice: null,
    turns: 0,
  });
});
