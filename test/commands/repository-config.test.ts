import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { capsOf, readRepositoryConfig } from '../../src/commands/repository-config.ts';

const example = await readFile(new URL('../../examples/repository-config.yml', import.meta.url), 'utf8');

describe('the settings of a repository', () => {
  it.each([[undefined], [''], ['# nothing\n'], [example]])('have their defaults in %j', (text) => {
    expect(readRepositoryConfig(text)).toEqual({ config: { enabled: true } });
  });

  it('are all shown in the example, and valid without the `#`', () => {
    const bare = example.replaceAll(/^# (?=\w+: \S+$)/gm, '');
    expect(readRepositoryConfig(bare)).toEqual({
      config: { enabled: true, model: 'claude-sonnet-4-5', maxBudget: 5 },
    });
  });

  it.each([
    ['{{{', 'not valid YAML'],
    ['- a list', 'expected object'],
    ['enabled: "no"', '`enabled`: `true` or `false`'],
    ['maxBudget: 0', '`maxBudget`: more than 0'],
    ['maxBudget: 5000', '`maxBudget`: at most 1000'],
    ['model: --dangerous', '`model`: a model name'],
    ['max-budget: 5', 'max-budget'],
    ['enabled: 1\nmodel: ""', '`enabled`: `true` or `false`; `model`: a model name'],
  ])('are refused with their place: %j', (text, reason) => {
    expect(readRepositoryConfig(text)).toMatchObject({
      problem: { code: 'config-invalid', message: expect.stringContaining(reason) },
    });
  });
});

describe('the caps of a run', () => {
  const config = { enabled: true, model: 'small', maxBudget: 5 };

  it.each([
    [{}, config, true, { model: 'small', maxBudgetUsd: 5 }],
    [{}, config, false, { model: undefined, maxBudgetUsd: 5 }],
    [{ model: 'big', maxBudget: 2 }, config, true, { model: 'big', maxBudgetUsd: 2 }],
    [{ model: 'big', maxBudget: 20 }, config, false, { model: 'big', maxBudgetUsd: 5 }],
    [{ maxBudget: 20 }, { enabled: true }, true, { model: undefined, maxBudgetUsd: 20 }],
    [{}, { enabled: true }, true, { model: undefined, maxBudgetUsd: undefined }],
  ])('asked for %j within %j (new session: %s)', (flags, within, isNew, caps) => {
    expect(capsOf(flags, within, isNew)).toEqual(caps);
  });
});
