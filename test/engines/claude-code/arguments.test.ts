import { describe, expect, it } from 'vitest';
import { cliArguments, compactionArguments } from '../../../src/engines/claude-code/arguments.ts';
import type { EngineTask } from '../../../src/engines/engine.ts';

const task: EngineTask = {
  prompt: 'secret prompt',
  sessionId: '11111111-2222-4333-8444-555555555555',
  mode: 'fresh',
  workingDirectory: '/w',
  configDirectory: '/c',
  allowedTools: [],
};

const given = (args: string[], name: string) => args[args.indexOf(name) + 1];

describe('cliArguments', () => {
  it('runs headless, isolated from what the repository brings along', () => {
    const args = cliArguments(task);
    expect(args).toContain('-p');
    expect(args).toContain('--strict-mcp-config');
    expect(given(args, '--setting-sources')).toBe('user');
    expect(given(args, '--permission-mode')).toBe('dontAsk');
    expect(given(args, '--output-format')).toBe('stream-json');
    expect(JSON.parse(given(args, '--settings') ?? '')).toEqual({ cleanupPeriodDays: 3650 });
    expect(args.join(' ')).not.toMatch(/bypass|skip-permissions/);
  });

  it('names a new session, and resumes a known one', () => {
    expect(given(cliArguments(task), '--session-id')).toBe(task.sessionId);
    expect(cliArguments(task)).not.toContain('--resume');
    const resumed = cliArguments({ ...task, mode: 'resume' });
    expect(given(resumed, '--resume')).toBe(task.sessionId);
    expect(resumed).not.toContain('--session-id');
  });

  it('passes model and caps only when there are any', () => {
    expect(cliArguments(task).join(' ')).not.toMatch(/--model|--max|--allowedTools/);
    const args = cliArguments({ ...task, model: 'm', maxBudgetUsd: 1.5, maxTurns: 7 });
    expect([given(args, '--model'), given(args, '--max-budget-usd'), given(args, '--max-turns')]).toEqual([
      'm',
      '1.5',
      '7',
    ]);
  });

  it('offers the tools that it is given as one argument, and the defaults of the CLI without', () => {
    expect(cliArguments(task)).not.toContain('--tools');
    const args = cliArguments({ ...task, tools: ['Edit', 'Read'], allowedTools: ['Edit'] });
    expect(given(args, '--tools')).toBe('Edit,Read');
    expect(args.at(-2)).toBe('--allowedTools');
    expect(given(cliArguments({ ...task, tools: [] }), '--tools')).toBe('');
  });

  it('keeps each permission rule one argument, at the end', () => {
    const rules = ['Read(./**)', 'Bash(npm test *)', 'Bash(git log, *)'];
    expect(cliArguments({ ...task, allowedTools: rules }).slice(-4)).toEqual(['--allowedTools', ...rules]);
  });

  it('forks a session with the same flags to compact it', () => {
    const pins = { ...task, model: 'm', effort: 'high', mcpConfigFile: '/mcp.json', allowedTools: ['Read'] };
    const copyId = '22222222-2222-4333-8444-555555555555';
    const compaction = { ...pins, copyId, instructions: 'keep all', timeLimitMs: 1 };
    expect(compactionArguments(compaction)).toEqual([
      '--fork-session',
      '--session-id',
      copyId,
      ...cliArguments({ ...pins, mode: 'resume' }),
    ]);
    expect(compactionArguments(compaction).join(' ')).not.toContain('keep all');
  });

  it('keeps the prompt out of the arguments', () => {
    expect(cliArguments(task).join(' ')).not.toContain('secret prompt');
  });
});
