import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Model, startModel } from '../../../demo/model/server.ts';
import type { Task } from '../../../demo/model/task.ts';
import type { Usage } from '../../../src/core/report.ts';
import { claudeCode } from '../../../src/engines/claude-code/claude-code.ts';
import type { EngineEvent, EngineTask } from '../../../src/engines/engine.ts';
import { costOfRequest, costOfUsage } from '../../../src/pricing/cost-of-usage.ts';
import { findPrices } from '../../../src/pricing/find-prices.ts';
import type { ModelPrices } from '../../../src/pricing/model-prices.ts';
import { overridePrices } from '../../../src/pricing/price-overrides.ts';
import { until } from '../../fakes/processes.ts';
import { pathForTools, realClaude } from '../../fakes/real-claude.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const tasks: Task[] = [
  { match: /wait/, needs: ['a.txt'], edits: [], run: ['node wait.mjs'], answer: 'Waited.' },
  { match: /read/, needs: ['a.txt'], edits: [], run: [], answer: 'Read.' },
];

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let model: Model;
const at = (...path: string[]) => join(directory.path, ...path);
beforeEach(async () => {
  directory = await temporaryDirectory();
  model = await startModel({ tasks });
  for (const name of ['work', 'config', 'home', 'tmp']) await mkdir(at(name));
  await writeFile(at('work/a.txt'), 'a\n'.repeat(2_000));
  const wait =
    "import { writeFileSync } from 'node:fs'; writeFileSync('../waiting', ''); setTimeout(() => undefined, 60_000);\n";
  await writeFile(at('work/wait.mjs'), wait);
});
afterEach(async () => {
  await model.close();
  await directory.remove();
});

function engine(
  options: { grace?: { interruptMs: number; terminateMs: number }; prices?: ModelPrices[] } = {},
) {
  return claudeCode({
    command: realClaude,
    env: { PATH: pathForTools, LANG: 'C.UTF-8' },
    homeDirectory: at('home'),
    temporaryDirectory: at('tmp'),
    projectFolder: 'work',
    baseUrl: model.url,
    apiKey: 'run-key',
    grace: { interruptMs: 10_000, terminateMs: 5_000 },
    ...options,
  });
}

function task(instruction: string, name = 'claude-sonnet-4-5'): EngineTask {
  return {
    prompt: `## Instruction\n\n${instruction}\n`,
    sessionId: randomUUID(),
    mode: 'fresh',
    workingDirectory: at('work'),
    configDirectory: at('config'),
    model: name,
    allowedTools: ['Read(./**)', 'Bash(node wait.mjs)'],
  };
}

/** What the meter has counted, request by request. */
function metered(): Usage[] {
  return model.requests.map(({ usage }) => ({
    inputTokens: usage.input_tokens,
    cacheReadTokens: usage.cache_read_input_tokens,
    cacheWriteTokens: usage.cache_creation_input_tokens,
    cacheWriteHourTokens: usage.cache_creation.ephemeral_1h_input_tokens,
    outputTokens: usage.output_tokens,
  }));
}

function sumOf(kind: keyof Usage): number {
  return metered().reduce((sum, usage) => sum + (usage[kind] ?? 0), 0);
}

function pricesOf(name: string): ModelPrices {
  const prices = findPrices(name);
  if (prices === undefined) throw new Error(`${name} has no price`);
  return prices;
}

describe('the cost of a run of the real CLI', () => {
  it.each([
    ['ends when it is asked to', { interruptMs: 10_000, terminateMs: 5_000 }],
    ['is killed', { interruptMs: 0, terminateMs: 0 }],
  ])('is known to the cent when the CLI is interrupted in a tool and %s', async (_, grace) => {
    const controller = new AbortController();
    const interrupted = task('wait');
    const events: EngineEvent[] = [];
    const running = engine({ grace }).run(interrupted, (event) => events.push(event), controller.signal);
    const said = () =>
      readFile(at('config/projects/work', `${interrupted.sessionId}.jsonl`), 'utf8').catch(() => '');
    const waits = () =>
      readFile(at('waiting')).then(
        () => true,
        () => false,
      );
    await until(
      async () =>
        (await waits()) &&
        (await said()).includes('"stop_reason":"tool_use"') &&
        (await said()).includes('node wait.mjs'),
    );
    controller.abort();
    const result = await running;

    expect(result.stopReason).toBe('cancelled');
    expect(metered()).toHaveLength(2);
    expect(result.usage).toEqual({
      inputTokens: sumOf('inputTokens'),
      cacheReadTokens: sumOf('cacheReadTokens'),
      cacheWriteTokens: sumOf('cacheWriteTokens'),
      outputTokens: sumOf('outputTokens'),
    });
    const cost = metered().reduce(
      (sum, usage) => sum + costOfRequest(usage, pricesOf('claude-sonnet-4-5')),
      0,
    );
    expect(cost).toBeGreaterThan(0.01);
    expect(result.costUsd).toBeCloseTo(cost, 10);
    // While it went on, the output was not known yet: less than this is shown, and not much less.
    const shown = events.flatMap((event) => (event.type === 'usage' ? [event.costUsd ?? 0] : [])).at(-1) ?? 0;
    expect(shown).toBeGreaterThan(0.9 * cost);
    expect(shown).toBeLessThanOrEqual(cost);
  });

  it('is unknown for a model that the CLI only guesses the price of, until there is one', async () => {
    const unknown = await engine().run(
      task('read', 'claude-nova-9'),
      () => undefined,
      new AbortController().signal,
    );
    expect(unknown).toMatchObject({
      stopReason: 'completed',
      costUsd: null,
      unpricedModels: ['claude-nova-9'],
    });
    expect(unknown.usage.cacheWriteTokens).toBe(sumOf('cacheWriteTokens'));

    const own = { input: 1, output: 2, cacheWrite5m: 1, cacheWrite1h: 1, cacheRead: 1 };
    const prices = overridePrices({ 'claude-nova-9': own });
    const priced = await engine({ prices }).run(
      task('read', 'claude-nova-9'),
      () => undefined,
      new AbortController().signal,
    );
    const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = priced.usage;
    const expected = (inputTokens + cacheReadTokens + cacheWriteTokens + 2 * outputTokens) / 1e6;
    expect(priced.costUsd).toBeCloseTo(expected, 10);
    expect(priced.unpricedModels).toEqual([]);
  });
});

const Said = z.object({
  modelUsage: z.record(
    z.string(),
    z.object({
      inputTokens: z.number(),
      outputTokens: z.number(),
      cacheReadInputTokens: z.number(),
      cacheCreationInputTokens: z.number(),
      cacheCreationEphemeral1hInputTokens: z.number(),
      costUSD: z.number(),
      costBasis: z.string(),
    }),
  ),
});

it.each([
  ['claude-sonnet-4-5', '5m'],
  ['claude-sonnet-4-5', '1h'],
  ['claude-opus-5-5', '5m'],
  ['claude-haiku-4-5', '5m'],
])('costOfUsage says of %s with %s entries what the CLI says', async (name, life) => {
  const { stdout } = await execa(
    realClaude,
    ['-p', '--output-format', 'json', '--model', name, '--allowedTools', 'Read(./**)'],
    {
      cwd: at('work'),
      input: task('read').prompt,
      extendEnv: false,
      env: {
        PATH: pathForTools,
        HOME: at('home'),
        TMPDIR: at('tmp'),
        CLAUDE_CONFIG_DIR: at('config'),
        ANTHROPIC_BASE_URL: model.url,
        ANTHROPIC_API_KEY: 'run-key',
        DISABLE_AUTOUPDATER: '1',
        ...(life === '1h' ? { ENABLE_PROMPT_CACHING_1H: '1' } : {}),
      },
    },
  );
  const [said] = Object.values(Said.parse(JSON.parse(stdout)).modelUsage);
  if (said === undefined) throw new Error('The CLI named no model');
  expect(said.costBasis).toBe('list');
  expect(said.cacheCreationEphemeral1hInputTokens).toBe(life === '1h' ? said.cacheCreationInputTokens : 0);
  const usage = {
    inputTokens: said.inputTokens,
    cacheReadTokens: said.cacheReadInputTokens,
    cacheWriteTokens: said.cacheCreationInputTokens,
    cacheWriteHourTokens: said.cacheCreationEphemeral1hInputTokens,
    outputTokens: said.outputTokens,
  };
  expect(said.costUSD).toBeGreaterThan(0);
  expect(costOfUsage(usage, pricesOf(name))).toBeCloseTo(said.costUSD, 10);
});
