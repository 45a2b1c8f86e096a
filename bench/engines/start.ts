import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startModel } from '../../demo/model/server.ts';
import { anthropicApi } from '../../src/engines/anthropic-api/anthropic-api.ts';
import { claudeCode } from '../../src/engines/claude-code/claude-code.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { offeredTools } from '../../src/engines/offered-tools.ts';
import { projectFolder } from '../../src/sessions/session-files.ts';
import { pathForTools, realClaude } from '../../test/fakes/real-claude.ts';
import { temporaryDirectory } from '../../test/fakes/temporary-directory.ts';
import type { BenchOptions } from '../bench.ts';
import type { Result } from '../figure.ts';
import { medians } from '../rounds.ts';

const rules = ['Read(./**)', 'Edit(./**)', 'Glob', 'Grep'];

/** From when an engine is told its task until the model is asked, without anything around it. */
export async function* measureStart({ leftovers, log, rounds }: BenchOptions): AsyncGenerator<Result> {
  log('engines: start');
  const directory = await temporaryDirectory();
  leftovers.defer(() => directory.remove());
  const task = { match: /hello/, needs: [], edits: [], run: [], answer: 'Hello.' };
  const model = await startModel({ tasks: [task] });
  leftovers.defer(() => model.close());
  const path = (name: string) => join(directory.path, name);
  for (const name of ['checkout', 'config', 'home', 'tmp']) await mkdir(path(name));
  const access = { baseUrl: model.url, apiKey: 'run-key' };
  const places = { temporaryDirectory: path('tmp'), projectFolder };

  const untilAsked = (engine: Engine) => async () => {
    model.requests.length = 0;
    const begun = performance.timeOrigin + performance.now();
    const result = await engine.run(
      {
        prompt: '## Instruction\n\nhello\n',
        sessionId: randomUUID(),
        mode: 'fresh',
        workingDirectory: path('checkout'),
        configDirectory: path('config'),
        model: 'claude-opus-4-5',
        allowedTools: rules,
        tools: offeredTools(rules),
      },
      () => undefined,
      new AbortController().signal,
    );
    const first = model.requests.find(({ kind }) => kind === 'task');
    if (result.stopReason !== 'completed' || first === undefined) {
      throw new Error(`The engine ended with ${result.stopReason}: ${result.detail ?? ''}`);
    }
    return first.time - begun;
  };
  const cli = claudeCode({
    ...access,
    ...places,
    command: realClaude,
    env: { PATH: pathForTools, LANG: 'C.UTF-8' },
    homeDirectory: path('home'),
  });
  const direct = anthropicApi({ ...access, ...places, env: { PATH: pathForTools, HOME: path('home') } });
  const taken = await medians(
    { cli: { run: untilAsked(cli) }, direct: { run: untilAsked(direct) } },
    rounds,
    log,
  );
  yield { figure: 'start_ratio', value: taken.direct / taken.cli, unit: 'ratio', goal: '<=0.1' };
}
