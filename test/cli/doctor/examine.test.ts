import { describe, expect, it } from 'vitest';
import type { Check } from '../../../src/cli/doctor/check.ts';
import { checks as allChecks } from '../../../src/cli/doctor/checks/index.ts';
import { examine } from '../../../src/cli/doctor/examine.ts';
import { patientOf } from '../../../src/cli/doctor/patient.ts';
import { failed, ok, skipped, warning } from '../../../src/cli/doctor/verdict.ts';
import { AppError } from '../../../src/core/errors.ts';

function check(id: string, inspect: Check['inspect'], needs: string[] = []): Check {
  return { id, area: 'app', title: `Title of ${id}`, looksAt: '', mend: '', needs, inspect };
}

async function examined(checks: Check[], options: { limitMs?: number; secrets?: string[] } = {}) {
  const told: string[] = [];
  const { results } = await examine({
    checks,
    patient: patientOf({ env: {}, now: () => new Date(0), id: 'x' }),
    repositories: [],
    limitMs: options.limitMs ?? 30_000,
    secrets: options.secrets ?? [],
    onResult: ({ check: id }) => told.push(id),
  });
  return { results, told, levels: Object.fromEntries(results.map((one) => [one.check, one.level])) };
}

describe('an examination', () => {
  it('goes on after a warning, and names what failed to all that need it, however far away', async () => {
    const { results, levels } = await examined([
      check('a', async () => failed('it is broken', 'mend it')),
      check('b', async () => ok('never'), ['a']),
      check('c', async () => ok('never'), ['b']),
      check('d', async () => warning('so so', 'do something')),
      check('e', async () => ok('fine'), ['d']),
    ]);
    expect(levels).toEqual({ a: 'failed', b: 'skipped', c: 'skipped', d: 'warning', e: 'ok' });
    expect(results.map(({ because }) => because)).toEqual([null, 'a', 'a', null, null]);
    expect(results[1]?.message).toBe('Not looked at, because "Title of a" failed.');
  });

  it('passes the reason on where what is needed was skipped', async () => {
    const { results } = await examined([
      check('a', async () => skipped('not configured', 'look there')),
      check('b', async () => ok('never'), ['a']),
    ]);
    expect(results[1]).toMatchObject({
      level: 'skipped',
      message: 'not configured',
      fix: null,
      because: 'a',
    });
  });

  it('makes a check once, whoever needs it, and tells results in the order of the checks', async () => {
    let made = 0;
    const first = Promise.withResolvers<void>();
    const { told } = await examined([
      check('slow', async () => {
        await first.promise;
        return ok('');
      }),
      check('shared', async () => {
        made += 1;
        return ok('');
      }),
      check('b', async () => ok(''), ['shared']),
      check('c', async () => {
        first.resolve();
        return ok('');
      }, ['shared', 'b']),
    ]);
    expect(made).toBe(1);
    expect(told).toEqual(['slow', 'shared', 'b', 'c']);
  });

  it('gives a check up that takes too long, and the others are made all the same', async () => {
    const { results } = await examined(
      [check('hangs', () => new Promise(() => undefined)), check('b', async () => ok(''))],
      {
        limitMs: 20,
      },
    );
    expect(results).toMatchObject([
      { level: 'failed', message: expect.stringContaining('No answer within') },
      { level: 'ok' },
    ]);
  });

  it('says what a check threw, and is not stopped by it', async () => {
    const { results } = await examined([
      check('a', async () => {
        throw new AppError('config-invalid', { message: 'what is wrong', hint: 'what mends it' });
      }),
      check('b', async () => {
        throw new TypeError('x is not a function');
      }),
    ]);
    expect(results).toMatchObject([
      { level: 'failed', message: 'what is wrong', fix: 'what mends it' },
      {
        level: 'failed',
        message: 'The check broke off: x is not a function.',
        fix: expect.stringContaining('report it'),
      },
    ]);
  });

  it('shows no secret, whoever put it into a message', async () => {
    const { results } = await examined(
      [check('a', async () => failed('the server says: hunter2-hunter2', 'unset hunter2-hunter2'))],
      { secrets: ['hunter2-hunter2'] },
    );
    expect(JSON.stringify(results)).not.toContain('hunter2');
  });
});

describe('the checks', () => {
  it('have ids of their own, and need only checks that can be made before them', () => {
    const seen = new Map<string, Check>();
    for (const one of allChecks) {
      expect(seen.has(one.id)).toBe(false);
      for (const need of one.needs) {
        const before = seen.get(need);
        expect(before, `${one.id} needs ${need}`).toBeDefined();
        expect(['app', one.area]).toContain(before?.area);
      }
      seen.set(one.id, one);
    }
  });
});
