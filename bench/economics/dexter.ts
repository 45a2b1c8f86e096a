import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppClient } from '../../action/app-client.ts';
import { parseInputs } from '../../action/inputs.ts';
import { run } from '../../action/run.ts';
import { parseRunner } from '../../action/runner.ts';
import { machinePath } from '../../demo/machine-path.ts';
import type { ContextDelta } from '../../src/core/context.ts';
import type { Report } from '../../src/core/report.ts';
import type { ClaimResponse } from '../../src/core/runner.ts';
import type { TicketSeen } from '../../src/core/session.ts';
import { newMasterKey, sessionKeys } from '../../src/core/session-key.ts';
import { findPrices } from '../../src/pricing/find-prices.ts';
import { workspaceStore } from '../../src/stores/workspace.ts';
import { branch, type Ground } from './ground.ts';
import { issueKey, modelKey, modelName } from './names.ts';
import { claudePath } from './plain-cli.ts';
import type { Contestant, Strategy } from './strategy.ts';
import type { Step } from './workload.ts';

/** The action itself, with its defaults, as a runner runs it for the app: restore, choose, run, compact, save, push. */
export const dexter: Strategy = { name: 'Dexter', open: (ground) => openDexter(ground, 'resume') };

/** The action with a new conversation for each command: what the smaller prefix alone is worth. */
export const coldDexter: Strategy = {
  name: 'cold, Dexter’s prefix',
  open: (ground) => openDexter(ground, 'fresh'),
};

async function openDexter(ground: Ground, mode: 'resume' | 'fresh'): Promise<Contestant> {
  const at = (name: string) => join(ground.directory, name);
  const ref = { installationId: 1, repositoryId: 20, issueKey };
  const keys = sessionKeys({ current: newMasterKey(), previous: [] }, ref);
  const workspace = at('workspace');
  let generation = 0;

  return {
    async run(step, earlier) {
      const runnerTemp = at('temp');
      await mkdir(runnerTemp, { recursive: true });
      const env = { PATH: machinePath, GITHUB_REPOSITORY: 'acme/shop' };
      const store = workspaceStore({ root: workspace });
      const commandId = randomUUID();
      const given = inputsOf(ground, { step, earlier, mode, generation, commandId });
      const ended = await run({
        inputs: parseInputs((name) => given[name] ?? ''),
        runner: {
          ...parseRunner({ ...env, RUNNER_TEMP: runnerTemp, RUNNER_NAME: 'bench' }),
          gitUrl: ground.repository,
        },
        claimToken: 'bench',
        env,
        app: appWith(keys),
        openStores: async () => ({ store, stores: new Map([['workspace', store]]), unnamed: new Set() }),
        workspace,
        mcpProgram: join(import.meta.dirname, '../../action/mcp-program.ts'),
        signal: ground.signal,
        log: { info: () => undefined, warn: () => undefined, secret: () => undefined },
        keepState: () => undefined,
        keepReport: async () => undefined,
        now: ground.clock.now,
        pricesOf: (model) => findPrices(model),
        timeLimitMs: 10 * 60_000,
      });
      await rm(runnerTemp, { recursive: true, force: true });
      const report = ended.outcome === 'ended' ? ended.report : undefined;
      if (report?.outcome !== 'done') throw new Error(`The run failed: ${problemOf(report)}`);
      generation = report.session?.generation ?? 0;
      const choice = mode === 'fresh' ? undefined : report.session?.resumption?.choice;
      return {
        reportedUsd: report.costUsd,
        turns: report.turns,
        ...(choice === undefined ? {} : { choice }),
      };
    },
  };
}

function problemOf(report: Report | undefined): string {
  if (report === undefined) return 'it was refused';
  return [report.problem?.message ?? report.outcome, ...report.notices].join(' ');
}

interface Command {
  step: Step;
  earlier: readonly Step[];
  mode: 'resume' | 'fresh';
  generation: number;
  commandId: string;
}

/** What the app passes on: the whole ticket, and what is new of it for a conversation that knows the rest. */
function inputsOf({ model }: Ground, command: Command): Record<string, string> {
  const { step, earlier, mode, generation, commandId } = command;
  const told = [...earlier, step];
  const delta: ContextDelta = {
    from: seenOf(earlier).hash,
    markdown: step.news,
    isRewritten: false,
    isWhole: true,
  };
  return {
    'command-id': commandId,
    'issue-key': issueKey,
    instruction: step.instruction,
    context: told.map(({ news }) => news).join('\n\n'),
    ...(earlier.length === 0 ? {} : { delta: JSON.stringify(delta) }),
    session: JSON.stringify({
      installationId: 1,
      repositoryId: 20,
      mode,
      generation,
      ticket: seenOf(told),
    }),
    target: JSON.stringify({
      branch,
      base: 'main',
      pullRequest: 1,
      title: 'Totals differ by a cent',
      ticketUrl: 'https://jira.example.com/browse/SHOP-1',
      requestedBy: 'Maria',
    }),
    'app-url': 'https://dexter.example.com',
    'claude-path': claudePath,
    'anthropic-api-key': modelKey,
    'anthropic-base-url': model.url,
    model: modelName,
    // A conversation that nobody goes on with needs no copy.
    ...(mode === 'fresh' ? { 'compact-above': '0' } : {}),
    // Changes nothing of what the model is asked, and not every machine can do it.
    isolation: 'off',
  };
}

function seenOf(steps: readonly Step[]): TicketSeen {
  const hash = createHash('sha256')
    .update(steps.map(({ news }) => news).join('\n'))
    .digest('hex');
  return { hash, newestComment: String(steps.length) };
}

/** An app that gives every run its command. */
function appWith(keys: ClaimResponse['sessionKeys']): AppClient {
  return {
    claim: async () => ({
      outcome: 'ok',
      value: {
        fence: 1,
        runToken: 'run-token-of-the-bench',
        githubToken: 'github-token-of-the-bench',
        sessionKeys: keys,
        committer: { name: 'dexter[bot]', email: 'dexter@example.com' },
        context: { attachments: [] },
      },
    }),
    heartbeat: async () => ({ outcome: 'ok', value: { stop: false } }),
    report: async () => ({ outcome: 'ok', value: undefined }),
    attachment: () => Promise.reject(new Error('The ticket has no attachments')),
  };
}
