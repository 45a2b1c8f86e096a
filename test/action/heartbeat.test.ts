import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppClient } from '../../action/app-client.ts';
import { type Heartbeat, startHeartbeat } from '../../action/heartbeat.ts';
import type { Progress } from '../../src/core/report.ts';

type Answer = Awaited<ReturnType<AppClient['heartbeat']>>;

const alive: Answer = { outcome: 'ok', value: { stop: false } };
const lost: Answer = {
  outcome: 'refused',
  status: 409,
  refusal: { code: 'fenced', message: 'Too late.', hint: '' },
};

let step = 'one';
let sent: { at: number; step: string }[];
let answers: (Answer | Error)[];
let events: string[];
let heartbeat: Heartbeat;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  [sent, answers, events, step] = [[], [], [], 'one'];
  const app: Pick<AppClient, 'heartbeat'> = {
    async heartbeat(_claim, progress) {
      sent.push({ at: Date.now(), step: progress.step });
      const answer = answers.shift() ?? alive;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  heartbeat = startHeartbeat({
    app,
    claim: { fence: 1, runToken: 't' },
    current: (): Progress => ({ step, turns: 0, lines: [], costUsd: null }),
    onStop: () => events.push('stop'),
    onLost: (reason) => events.push(`lost: ${reason}`),
    warn: (message) => events.push(message),
    intervalMs: 15_000,
    throttleMs: 2_000,
    leaseMs: 90_000,
    waits: [1, 1],
  });
});
afterEach(async () => {
  await heartbeat[Symbol.asyncDispose]();
  vi.useRealTimers();
});

const times = () => sent.map(({ at }) => at / 1000);

describe('startHeartbeat', () => {
  it('beats every fifteen seconds', async () => {
    await vi.advanceTimersByTimeAsync(46_000);
    expect(times()).toEqual([15, 30, 45]);
  });

  it('sends the first news at once, and further ones together', async () => {
    await vi.advanceTimersByTimeAsync(500);
    heartbeat.changed();
    await vi.advanceTimersByTimeAsync(100);
    for (step of ['two', 'three', 'four']) heartbeat.changed();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(sent).toEqual([
      { at: 500, step: 'one' },
      { at: 2_500, step: 'four' },
      { at: 17_500, step: 'four' },
    ]);
  });

  it('says now what is asked for now, and whether the run still holds its command', async () => {
    expect(await heartbeat.now()).toBe('alive');
    answers.push(lost);
    expect(await heartbeat.now()).toBe('lost');
    expect(events).toEqual(['lost: Too late.']);
    // Once lost, it stays lost, also when the app cannot be asked any more.
    answers.push(new Error('down'));
    expect(await heartbeat.now()).toBe('lost');
    expect(times()).toEqual([0, 0, 0]);
  });

  it('has lost the command when the app did not confirm it for as long as its lease', async () => {
    answers.push(new Error('down'));
    vi.setSystemTime(80_000);
    expect(await heartbeat.now()).toBe('alive');
    answers.push(...Array.from({ length: 3 }, () => new Error('down')));
    vi.setSystemTime(91_000);
    expect(await heartbeat.now()).toBe('lost');
    expect(heartbeat.lostBecause()).toContain('90 seconds');
    expect(sent).toHaveLength(4);
    expect(events.at(-1)).toMatch(/^lost: /);
  });

  it('asks an app again that was silent for as long as its lease', async () => {
    answers.push(new Error('down'), new Error('down'));
    vi.setSystemTime(91_000);
    expect(await heartbeat.now()).toBe('alive');
    expect(sent).toHaveLength(3);
  });

  it('passes on that a person said stop', async () => {
    answers.push({ outcome: 'ok', value: { stop: true } });
    await heartbeat.now();
    expect(events).toEqual(['stop']);
  });

  it('goes on after one that did not come through', async () => {
    answers.push(new Error('connection refused'));
    await vi.advanceTimersByTimeAsync(31_000);
    expect(times()).toEqual([15, 30]);
    expect(events).toEqual(['A heartbeat did not reach the app: connection refused']);
  });

  it('is silent after its end', async () => {
    await heartbeat[Symbol.asyncDispose]();
    heartbeat.changed();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
