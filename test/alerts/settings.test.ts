import { describe, expect, it } from 'vitest';
import { alertKinds, alertNames } from '../../src/alerts/alert-kinds.ts';
import { AlertSettings, rulesOf } from '../../src/alerts/settings.ts';
import { mistakeText, readAs } from '../../src/core/read-as.ts';

const mistakes = (given: unknown) => {
  const read = readAs(AlertSettings, given);
  return read.outcome === 'read' ? [] : read.mistakes.map((mistake) => mistakeText(mistake, 'the file'));
};

describe('AlertSettings', () => {
  it('has a rule for everything, with the thresholds of its kind in base units', () => {
    const rules = rulesOf(AlertSettings.parse({}));
    expect(rules.map(({ name }) => name)).toEqual(alertNames);
    expect(rules.find(({ name }) => name === 'redisMemory')).toMatchObject({ warning: 500e6, critical: 1e9 });
    expect(rules.find(({ name }) => name === 'workspace')).toMatchObject({ warning: 500e9, critical: 1e12 });
    expect(rules.find(({ name }) => name === 'waitingForDexter')).toMatchObject({
      warning: 300,
      critical: 900,
    });
    expect(rules.find(({ name }) => name === 'canary')).toMatchObject({ minimumSample: 20 });
    expect(rules.find(({ name }) => name === 'deadLetters')).toMatchObject({ minimumSample: 0 });
  });

  it('takes other thresholds, and none at all', () => {
    const settings = AlertSettings.parse({
      minimumSample: 5,
      contextHitRate: { warning: 0.8 },
      canary: { warning: 0.3, critical: 0.3 },
      parts: 'off',
    });
    const rules = rulesOf(settings);
    expect(rules.find(({ name }) => name === 'contextHitRate')).toMatchObject({
      warning: 0.8,
      critical: 0.25,
      minimumSample: 5,
    });
    expect(rules.map(({ name }) => name)).not.toContain('parts');
  });

  it.each<[given: unknown, says: string]>([
    [
      { redisMemory: { warning: 2_000 } },
      '`redisMemory` has a `critical` (1000) below its `warning` (2000): it would be critical before it warns. Set both',
    ],
    [
      { contextHitRate: { critical: 0.6 } },
      '`contextHitRate` has a `critical` (0.6) above its `warning` (0.5): it would be critical before it warns. Set both',
    ],
    [
      { canary: 'on' },
      '`canary` must be `off`, or `warning` and `critical`, each a share from 0 to 1, such as 0.5',
    ],
    [
      { workspace: { warning: '500 GB' } },
      '`workspace` must be `off`, or `warning` and `critical`, each gigabytes, more than 0 and at most 1000000',
    ],
    [{ redisSize: 'off' }, '`redisSize` is not a known setting'],
    [{ windowHours: 0 }, '`windowHours` must be a whole number of hours from 1 to 720'],
  ])('refuses %j', (given, says) => {
    expect(mistakes(given)).toEqual([says]);
  });

  it.each(alertNames)('the defaults of %s are in order', (name) => {
    const { worse, warning, critical } = alertKinds[name];
    expect(worse === 'below' ? warning - critical : critical - warning).toBeGreaterThan(0);
  });
});
