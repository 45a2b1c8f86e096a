import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { renderPrompt } from '../src/context/prompt.ts';
import { AppError, messageOf } from '../src/core/errors.ts';
import { redact } from '../src/core/redact.ts';
import type { SessionManifest, SessionMode, SessionPins } from '../src/core/session.ts';
import type { EngineEvent, EngineResult, EngineTask } from '../src/engines/engine.ts';
import { newestGeneration, type RestoreResult, restore } from '../src/sessions/restore.ts';
import { aroundBranch } from './around-branch.ts';
import { writeBaseInstructions } from './base-instructions.ts';
import type { Checkout } from './checkout.ts';
import { listOfFiles, noticesOfFiles, writeContextFiles } from './context-files.ts';
import type { Cli } from './find-cli.ts';
import { mcpServers } from './mcp-servers.ts';
import { pinsFor, toolsFor } from './pins-for.ts';
import type { SessionDirectory } from './session-directory.ts';
import { startEngine } from './start-engine.ts';
import { ticketTold, toldContext } from './told-context.ts';
import type { Work } from './work.ts';

/** How a run comes by its conversation. */
export interface Conversation {
  mode: SessionMode;
  sessionId: string;
  /** Generation that this run saves. */
  nextGeneration: number;
  /** The store did not say which one is its newest, so the next one is guessed from what the app remembers. */
  isGuessed: boolean;
  /** Generation that was restored, 0 for none. */
  parentGeneration: number;
  /** What was restored; absent for a fresh session. */
  restored?: SessionManifest;
  /** For the person who asked. */
  notices: string[];
}

export interface Talk {
  conversation: Conversation;
  result: EngineResult;
  /** What the requests of this run had in common. */
  pins: SessionPins;
}

/** What the engine works with. */
export interface Prepared {
  checkout: Checkout;
  cli: Cli;
  conversation: Conversation;
}

/**
 * Runs the engine in the conversation: one attempt to resume, and when the engine does not know the session or
 * refuses it, exactly one fresh start.
 */
export async function converse(
  work: Work,
  directory: SessionDirectory,
  { checkout, cli, conversation }: Prepared,
): Promise<Talk> {
  work.board.step('Reading the ticket');
  const files = await writeContextFiles({ ...work, signal: work.stop.signal }, directory);
  const mcp = await mcpServers(work, directory, checkout, files.attachments);
  const { news, logs } = await aroundBranch(work, checkout, conversation.restored);
  // What is new since another conversation is nothing for one that begins.
  const around = (current: Conversation) => (current.mode === 'fresh' ? [logs] : [news, logs]);
  await using started = await startEngine(work, directory, cli);
  const failedServers = new Set<string>();
  work.board.step('Starting Claude Code');
  const first = await ask(conversation);
  if (first.stopReason !== 'session-lost' || conversation.mode === 'fresh' || work.stop.signal.aborted) {
    return await noted(conversation, first);
  }
  await rm(directory.config, { recursive: true, force: true });
  await mkdir(directory.config, { mode: 0o700 });
  const notices = [...conversation.notices, lostNotice(first.detail || 'Claude Code refused it')];
  const again = fresh(conversation.nextGeneration - 1, notices, conversation.isGuessed);
  return await noted(again, await ask(again));

  async function ask(current: Conversation): Promise<EngineResult> {
    if (work.inputs.instructionsFrom === 'base') await writeBaseInstructions(checkout, directory.config);
    work.engineBegins({
      id: current.sessionId,
      mode: current.mode,
      nextGeneration: current.nextGeneration,
      parentGeneration: current.parentGeneration,
      isGuessed: current.isGuessed,
      model: current.restored?.model ?? null,
      effort: effortOf(work, current),
      costBeforeUsd: current.restored?.costUsd ?? 0,
      headCommit: checkout.start,
      baseBranchCommit: checkout.baseCommit ?? null,
      ticket: ticketTold(work, current.mode),
      workingDirectory: checkout.directory,
      pins: pinsOf(current),
    });
    const told = toldContext(work.inputs.job, work.claim.context, current.restored);
    const prompt = renderPrompt({
      issueKey: work.inputs.job.issueKey,
      mode: current.mode,
      context: {
        ...told,
        markdown: [told.markdown, listOfFiles(files, told), ...around(current)]
          .filter((part) => part !== '')
          .join('\n\n'),
      },
      instruction: work.inputs.job.instruction,
      notices: [...movedNotice(current, checkout.start), ...noticesOfFiles(files, told)],
    });
    const task = {
      ...taskFor(work, directory, checkout, current, prompt),
      ...(mcp.configFile === undefined ? {} : { mcpConfigFile: mcp.configFile }),
    };
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'started') for (const name of event.failedServers) failedServers.add(name);
      work.board.engineEvent(event);
    };
    const result = await started.engine.run(task, onEvent, work.stop.signal);
    // From here on the answer goes to places that the agent may not have known of: the pull request, the log.
    return { ...result, summary: redact(result.summary, work.secrets) };
  }

  function pinsOf(current: Conversation): SessionPins {
    return pinsFor(taskFor(work, directory, checkout, current, ''), cli, work.inputs, mcp.servers);
  }

  async function noted(current: Conversation, result: EngineResult): Promise<Talk> {
    const failed = [...failedServers].map(
      (name) => `The MCP server \`${name}\` could not be used: its tools were not there.`,
    );
    work.report.notices.push(...current.notices, ...failed);
    const uses = await mcp.uses();
    if (uses.length > 0) work.report.mcp = uses;
    const { version: engineVersion, model } = result;
    return { conversation: current, result, pins: { ...pinsOf(current), engineVersion, model } };
  }
}

/** Restores the session that the job asks for, or says why a new one is started. */
export async function openConversation(work: Work, directory: SessionDirectory): Promise<Conversation> {
  const { generation: expected, mode } = work.inputs.job.session;
  // The store alone counts: it takes the generation after its newest, whatever the app remembers of one it lost.
  if (mode === 'fresh') return await freshAfter(work);
  const found = await restoreOrSay(work, directory);
  switch (found.outcome) {
    case 'restored':
      return {
        mode: 'resume',
        sessionId: found.manifest.sessionId,
        nextGeneration: found.newest + 1,
        isGuessed: false,
        parentGeneration: found.generation,
        restored: found.manifest,
        notices: [
          ...(found.newest < expected ? [olderNotice(found.newest, expected)] : []),
          ...found.notices,
        ],
      };
    case 'none':
      return fresh(0, expected > 0 ? [lostNotice('it is not in the store of this runner')] : []);
    case 'unusable':
      return fresh(found.newest, [lostNotice(found.reason)]);
    case 'failed':
      return fresh(expected, [lostNotice(found.reason)], true);
  }
}

/** Somebody asked for a new one, perhaps because the store does not give the earlier one out any more. */
async function freshAfter({ inputs, ref, store }: Work): Promise<Conversation> {
  try {
    return fresh(await newestGeneration(store, ref), []);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return fresh(inputs.job.session.generation, [error.message], true);
  }
}

/** A store that fails costs the conversation, not the run. */
async function restoreOrSay(
  { claim, store, ref, inputs }: Work,
  directory: SessionDirectory,
): Promise<RestoreResult | { outcome: 'failed'; reason: string }> {
  const { entry } = inputs.job.session;
  try {
    return await restore({
      store,
      keys: claim.sessionKeys,
      ref,
      entry,
      configDirectory: directory.config,
      temporaryDirectory: directory.root,
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { outcome: 'failed', reason: messageOf(error) };
  }
}

function fresh(newest: number, notices: string[], isGuessed = false): Conversation {
  return {
    mode: 'fresh',
    sessionId: randomUUID(),
    nextGeneration: newest + 1,
    isGuessed,
    parentGeneration: 0,
    notices,
  };
}

function lostNotice(reason: string): string {
  return `The earlier session could not be continued (${reason.replace(/\.$/, '')}), so a new one was started.`;
}

function olderNotice(found: number, expected: number): string {
  return `The newest session that is left is generation ${found}, not ${expected}: what came after it is not in the conversation.`;
}

/** The one that the conversation began with: with another one nothing of it is read from the prompt cache. */
export function effortOf({ inputs }: Work, { restored }: Conversation): string | null {
  return restored ? restored.effort : (inputs.effort ?? null);
}

function taskFor(
  work: Work,
  directory: SessionDirectory,
  checkout: Checkout,
  conversation: Conversation,
  prompt: string,
): EngineTask {
  const { inputs } = work;
  const { job, allowedTools, maxTurns } = inputs;
  const { maxBudgetUsd } = job.session;
  const effort = effortOf(work, conversation);
  const model = job.session.model ?? conversation.restored?.model ?? inputs.model;
  return {
    prompt,
    sessionId: conversation.sessionId,
    mode: conversation.mode,
    workingDirectory: checkout.directory,
    configDirectory: directory.config,
    // The same for each run of the session, whether there are files or not.
    allowedTools: [...allowedTools, `Read(/${directory.context}/**)`],
    ...toolsFor(inputs),
    ...(model ? { model } : {}),
    ...(effort === null ? {} : { effort }),
    ...(maxBudgetUsd === undefined ? {} : { maxBudgetUsd }),
    ...(maxTurns === undefined ? {} : { maxTurns }),
  };
}

/** The conversation remembers files as they were when it was saved. */
function movedNotice({ restored }: Conversation, start: string): string[] {
  const then = restored?.headCommit;
  if (!then || then === start) return [];
  return [
    `The checkout is at commit ${start.slice(0, 12)}; when this conversation was saved it was at ${then.slice(0, 12)}. Read files again before you rely on what you remember of them.`,
  ];
}
