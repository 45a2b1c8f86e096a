import { afterEach, beforeEach, expect, it } from 'vitest';
import { defaultAllowedTools } from '../../action/inputs.ts';
import { run } from '../../action/run.ts';
import { countTokens } from '../../demo/model/prompt-cache.ts';
import { type Model, startModel } from '../../demo/model/server.ts';
import { realClaude } from '../fakes/real-claude.ts';
import { createWorld, type World } from './world.ts';

const key = 'sk-ant-key-0123456789';
const names = Array.from({ length: 12 }, (_, at) => `src/file-${at}.ts`);

let world: World;
let model: Model;
beforeEach(async () => {
  world = await createWorld();
  const text = 'export const value = 1; // of which there is much to say\n'.repeat(40);
  await world.repository.commit('main', Object.fromEntries(names.map((name) => [name, text])));
  model = await startSimulation();
});
afterEach(async () => {
  await model.close();
  await world[Symbol.asyncDispose]();
});

/** A provider whose prompt cache is empty. */
function startSimulation(): Promise<Model> {
  return startModel({
    apiKey: key,
    tasks: [
      { match: /begin/, needs: names, edits: [], run: [], answer: 'Read.' },
      { match: /go on/, needs: [], edits: [], run: [], answer: 'Went on.' },
    ],
  });
}

/** One run of the action with the real CLI: its report, and what the conversation asked the model. */
async function runWith(instruction: string, inputs: Record<string, string> = {}) {
  const before = model.requests.length;
  const ended = await run(
    world.options({
      commandId: crypto.randomUUID(),
      instruction,
      inputs: {
        'claude-path': realClaude,
        'anthropic-api-key': key,
        'anthropic-base-url': model.url,
        model: 'claude-sonnet-4-5',
        ...inputs,
      },
    }),
  );
  if (ended.outcome !== 'ended') throw new Error(ended.outcome);
  const requests = model.requests.slice(before).filter(({ kind }) => kind === 'task');
  const [first] = requests;
  if (first === undefined) throw new Error(`the model was not asked: ${JSON.stringify(ended.report)}`);
  return { report: ended.report, requests, first };
}

const toolsOf = ({ first }: Awaited<ReturnType<typeof runWith>>) => first.body.tools?.map(({ name }) => name);

it('reads all of the earlier conversation from the prompt cache when an issue goes on', async () => {
  const begun = await runWith('begin');
  const earlier = begun.requests.at(-1);
  const { cache_read_input_tokens = 0, cache_creation_input_tokens = 0 } = earlier?.usage ?? {};
  const went = await runWith('go on');
  expect(went.report).toMatchObject({ outcome: 'done', session: { mode: 'resume' }, notices: [] });
  expect(went.report.session?.canary).toBeUndefined();
  const context = cache_read_input_tokens + cache_creation_input_tokens;
  expect(context).toBeGreaterThan(10_000);
  expect(went.first.usage.cache_read_input_tokens).toBeGreaterThanOrEqual(0.95 * context);
});

it('begins its requests with the tools that the rules allow, in fewer than 7,000 tokens', async () => {
  const begun = await runWith('begin', { model: '' });
  // A word of the CLI for "there could be more", some 50 tokens with newer models.
  const tools = toolsOf(begun)?.filter((name) => name !== 'DeferredToolPlaceholder');
  expect(tools).toEqual(['Bash', 'Edit', 'Glob', 'Grep', 'Read', 'Write']);
  expect(countTokens({ ...begun.first.body, messages: [] })).toBeLessThan(7_000);
});

it('knows before it goes on that other tools make the prompt cache useless, and says so', async () => {
  await runWith('begin');
  const rules = [...defaultAllowedTools, 'NotebookEdit'].join('\n');
  const { first, report } = await runWith('go on', { 'allowed-tools': rules });
  expect(first.usage.cache_read_input_tokens).toBe(0);
  expect(report.session).toMatchObject({
    mode: 'resume',
    resumption: {
      reason: expect.stringContaining('the tools changed (NotebookEdit came)'),
      expectedCacheRead: 0,
    },
  });
  expect(report.session?.canary).toBeUndefined();
  expect(report.notices).toEqual([expect.stringContaining('the tools changed (NotebookEdit came)')]);
  const next = await runWith('go on', { 'allowed-tools': rules });
  expect(next.report.notices).toEqual([]);
});

it('warns of a run that could not read its conversation from the prompt cache', async () => {
  await runWith('begin');
  await model.close();
  model = await startSimulation();
  const { report } = await runWith('go on');
  expect(report.session).toMatchObject({ mode: 'resume', canary: { cacheRead: 0 } });
  expect(report.notices).toEqual([
    expect.stringContaining(
      'The run read 0 % of the earlier conversation from the prompt cache where 100 % was expected',
    ),
  ]);
});

it('has its entries kept for an hour when it is told so, through its own proxy', async () => {
  const { first } = await runWith('begin', { 'cache-life': '1h' });
  const { ephemeral_1h_input_tokens: hour, ephemeral_5m_input_tokens: minutes } = first.usage.cache_creation;
  expect(hour).toBeGreaterThan(5_000);
  expect(minutes).toBe(0);
});
