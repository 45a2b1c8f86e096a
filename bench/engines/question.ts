import { type LoggedRequest, startModel } from '../../demo/model/server.ts';
import type { EngineName } from '../../src/core/engine.ts';
import { createWorld } from '../../test/action/world.ts';
import { realClaude } from '../../test/fakes/real-claude.ts';
import type { BenchOptions } from '../bench.ts';
import type { Result } from '../figure.ts';
import { median, medians } from '../rounds.ts';

const key = 'sk-ant-bench-0123456789';
const files = { 'src/cart.ts': 'export const total = 1;\n', 'src/coupon.ts': 'export const off = 2;\n' };
const question = 'why is the total rounded twice';

/**
 * A question in a new session, by the action as it is published, the real CLI or the direct engine in it, and the
 * simulated provider: from the start of the action to the first request, and to its end.
 */
export async function* measureQuestion({ leftovers, log, rounds }: BenchOptions): AsyncGenerator<Result> {
  log('engines: question');
  const world = await createWorld({ bundled: true });
  leftovers.defer(() => world[Symbol.asyncDispose]());
  await world.repository.commit('main', files);
  const needs = Object.keys(files);
  const task = { match: new RegExp(question), needs, edits: [], run: [], answer: 'It is not.' };
  const model = await startModel({ tasks: [task], apiKey: key });
  leftovers.defer(() => model.close());

  const starts: Record<EngineName, number[]> = { 'claude-code': [], 'anthropic-api': [] };
  const asked: Record<EngineName, LoggedRequest[]> = { 'claude-code': [], 'anthropic-api': [] };
  const ask = (engine: EngineName) => async () => {
    model.requests.length = 0;
    const begun = performance.timeOrigin + performance.now();
    await askOnce(engine);
    asked[engine] = model.requests.filter(({ kind }) => kind === 'task');
    starts[engine].push((asked[engine][0]?.time ?? Number.NaN) - begun);
  };
  const ended = await medians(
    { cli: { run: ask('claude-code') }, direct: { run: ask('anthropic-api') } },
    rounds,
    log,
  );
  const start = (engine: EngineName) => median(starts[engine].slice(1));
  yield {
    figure: 'first_request_ratio',
    value: start('anthropic-api') / start('claude-code'),
    unit: 'ratio',
    goal: '<=0.8',
  };
  yield { figure: 'question_ratio', value: ended.direct / ended.cli, unit: 'ratio', goal: '<=0.8' };
  yield {
    figure: 'base_ratio',
    value: firstInput(asked['anthropic-api']) / firstInput(asked['claude-code']),
    unit: 'ratio',
    goal: '<=0.5',
  };

  async function askOnce(engine: EngineName): Promise<void> {
    const { output } = await world.run({
      instruction: question,
      session: { mode: 'fresh', engine },
      inputs: {
        'anthropic-api-key': key,
        'anthropic-base-url': model.url,
        'claude-path': realClaude,
        model: 'claude-opus-4-5',
      },
    });
    const report = world.forge.reports.at(-1);
    if (report?.outcome !== 'done' || report.engine !== engine) throw new Error(`No answer:\n${output}`);
  }
}

function firstInput([first]: readonly LoggedRequest[]): number {
  if (first === undefined) throw new Error('The model was asked nothing');
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens } = first.usage;
  return input_tokens + cache_read_input_tokens + cache_creation_input_tokens;
}
