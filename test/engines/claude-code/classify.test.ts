import { describe, expect, it } from 'vitest';
import { classify } from '../../../src/engines/claude-code/classify.ts';
import type { CliExit } from '../../../src/engines/claude-code/cli-process.ts';
import { newRecord, type RunRecord } from '../../../src/engines/claude-code/run-record.ts';
import { parseLine } from '../../../src/engines/claude-code/stream.ts';

const clean: CliExit = { code: 0, signal: null, stderr: '' };
const bad: CliExit = { code: 1, signal: null, stderr: '' };

function result(fields: Record<string, unknown>): RunRecord['result'] {
  const line = parseLine(JSON.stringify({ type: 'result', subtype: 'success', session_id: 's', ...fields }));
  return line?.type === 'result' ? line : undefined;
}

function run(fields: Partial<RunRecord>): RunRecord {
  return { ...newRecord(), ...fields };
}

const lost = result({
  subtype: 'error_during_execution',
  is_error: true,
  errors: ['No conversation found with session ID: x'],
});
const refused = result({
  is_error: true,
  api_error_status: 400,
  result: 'Invalid signature in thinking block',
});
const withoutCredit = result({
  is_error: true,
  api_error_status: 400,
  result: 'Credit balance is too low',
});
const loggedOut = result({ is_error: true, result: 'Not logged in · Please run /login' });

describe('classify', () => {
  it.each<[string, RunRecord, CliExit, 'fresh' | 'resume', boolean, string]>([
    ['a result', run({ result: result({ result: 'Done' }) }), clean, 'fresh', false, 'completed'],
    [
      'a result that speaks of a login',
      run({ result: result({ result: 'Please run /login first, I wrote.' }) }),
      clean,
      'fresh',
      false,
      'completed',
    ],
    [
      'an abort',
      run({ result: result({ is_error: true, subtype: 'error_during_execution' }) }),
      clean,
      'fresh',
      true,
      'cancelled',
    ],
    ['an abort without a result', run({}), { ...bad, code: 143 }, 'resume', true, 'cancelled'],
    [
      'the turns used up',
      run({ result: result({ subtype: 'error_max_turns', is_error: true }) }),
      bad,
      'fresh',
      false,
      'turns',
    ],
    [
      'the budget used up',
      run({ result: result({ subtype: 'error_max_budget_usd', is_error: true }) }),
      bad,
      'fresh',
      false,
      'budget',
    ],
    [
      'a logged-out CLI',
      run({ result: loggedOut, apiError: 'authentication_failed' }),
      bad,
      'fresh',
      false,
      'logged-out',
    ],
    ['a logged-out CLI on a resume', run({ result: loggedOut }), bad, 'resume', false, 'logged-out'],
    [
      'a key that is refused again and again',
      run({ refusedKeys: 2 }),
      { ...bad, code: 143 },
      'fresh',
      false,
      'logged-out',
    ],
    [
      'a key that is refused at the end',
      run({ result: result({ is_error: true, api_error_status: 401, result: 'x' }) }),
      bad,
      'resume',
      false,
      'logged-out',
    ],
    ['an unknown session', run({ result: lost }), bad, 'resume', false, 'session-lost'],
    [
      'an unknown session on stderr alone',
      run({}),
      { ...bad, stderr: 'No conversation found with session ID: x' },
      'resume',
      false,
      'session-lost',
    ],
    ['a transcript that the API refuses', run({ result: refused }), bad, 'resume', false, 'session-lost'],
    ['a request that is refused otherwise', run({ result: withoutCredit }), bad, 'resume', false, 'failed'],
    ['the same without a transcript', run({ result: refused }), bad, 'fresh', false, 'failed'],
    ['the same after answers', run({ result: refused, answers: 3 }), bad, 'resume', false, 'failed'],
    [
      'an overloaded API',
      run({ result: result({ is_error: true, api_error_status: 529, result: 'Overloaded' }) }),
      bad,
      'resume',
      false,
      'failed',
    ],
    ['nothing, with exit code 0', run({}), clean, 'fresh', false, 'failed'],
  ])('takes %s for what it is', (_name, record, exit, mode, aborted, stopReason) => {
    expect(classify(record, exit, mode, aborted, []).stopReason).toBe(stopReason);
  });

  it('says how a process ended that gave no result', () => {
    const stderr = 'one\ntwo\n\nsegfault at sk-ant-api03-aaaaaaaaaaaaaaaaaaaa with my-own-secret\n';
    const killed: CliExit = { code: null, signal: 'SIGKILL', stderr };
    const ending = classify(run({}), killed, 'fresh', false, ['my-own-secret']);
    expect(ending.detail).toBe(
      'Claude Code ended by SIGKILL before it gave a result. one\ntwo\nsegfault at [REDACTED:anthropic-key] with [REDACTED:secret]',
    );
    expect(classify(run({}), { ...bad, code: 137 }, 'fresh', false, []).detail).toContain('exit code 137');
  });

  it('says once what the CLI says on stderr and in its result', () => {
    const stderr = 'No conversation found with session ID: x\n';
    const { detail } = classify(run({ result: lost }), { ...bad, stderr }, 'resume', false, []);
    expect(detail).toBe('No conversation found with session ID: x');
  });
});
