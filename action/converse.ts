import { renderPrompt } from '../src/context/prompt.ts';
import { engineWords } from '../src/core/engine.ts';
import { redact } from '../src/core/redact.ts';
import type { SessionPins } from '../src/core/session.ts';
import { transcriptSizes } from '../src/engines/claude-code/transcript-usage.ts';
import type { EngineEvent, EngineResult, EngineTask } from '../src/engines/engine.ts';
import { transcriptPath } from '../src/sessions/session-files.ts';
import { aroundBranch } from './around-branch.ts';
import { writeBaseInstructions } from './base-instructions.ts';
import type { Checkout } from './checkout.ts';
import { chooseConversation, insteadOfRefused } from './choose-conversation.ts';
import { listOfFiles, noticesOfFiles, writeContextFiles } from './context-files.ts';
import { type EndedRun, type KeptCopy, keepCopy } from './keep-copy.ts';
import { mcpServers } from './mcp-servers.ts';
import { type Conversation, type Opened, resumedTokens } from './open-conversation.ts';
import { pinsFor, rulesFor, toolsFor } from './pins-for.ts';
import { priceNotices } from './price-notices.ts';
import type { ReadyEngine } from './ready-engine.ts';
import type { RunState } from './run-state.ts';
import type { SessionDirectory } from './session-directory.ts';
import { startEngine } from './start-engine.ts';
import { ticketTold, toldContext } from './told-context.ts';
import type { Work } from './work.ts';

type SessionState = NonNullable<RunState['session']>;

export interface Talk {
  conversation: Conversation;
  result: EngineResult;
  task: EngineTask;
  copy: KeptCopy;
  /** What the requests of this run had in common. */
  pins: SessionPins;
}

type Asked = Pick<Talk, 'result' | 'task'> & Pick<EndedRun, 'endedAt'>;

/** What the engine works with. */
export interface Prepared {
  checkout: Checkout;
  engine: ReadyEngine;
  opened: Opened;
}

/**
 * Runs the engine in the conversation. When it does not know the session or refuses it: once in what there is instead,
 * which is the whole conversation for its compacted copy, and then once in a new one. `keepWork` is called when it has
 * ended: what was done is safe before the conversation is summed up, which may take minutes.
 */
export async function converse<Kept>(
  work: Work,
  directory: SessionDirectory,
  { checkout, engine, opened }: Prepared,
  keepWork: (result: EngineResult) => Promise<Kept>,
): Promise<Talk & { kept: Kept }> {
  work.board.step('Reading the ticket');
  const files = await writeContextFiles({ ...work, signal: work.stop.signal }, directory);
  const mcp = await mcpServers(work, directory, checkout, files.attachments);
  const conversation = await chooseConversation(work, directory, {
    opened,
    checkout,
    engine,
    servers: mcp.servers,
  });
  const { news, logs, soFar } = await aroundBranch(work, checkout, conversation.restored);
  // What is new since another conversation is nothing for one that begins, but that one may have left something.
  const around = async (current: Conversation) => [
    current.mode === 'resume' ? news : followsAnother(current) ? await soFar() : '',
    logs,
  ];
  await using started = await startEngine(work, directory, engine);
  const failedServers = new Set<string>();
  work.board.step(engine.name === 'claude-code' ? 'Starting Claude Code' : 'Asking the model');
  let current = conversation;
  let asked = await ask(current);
  while (
    asked.result.stopReason === 'session-lost' &&
    current.mode === 'resume' &&
    !work.stop.signal.aborted
  ) {
    current = await insteadOfRefused(
      current,
      asked.result.detail || `${engineWords[engine.name]} refused it`,
      directory,
    );
    asked = await ask(current);
  }
  return await noted({ conversation: current, ...asked });

  async function ask(current: Conversation): Promise<Asked> {
    if (work.inputs.instructionsFrom === 'base') await writeBaseInstructions(checkout, directory.config);
    work.engineBegins({
      id: current.sessionId,
      mode: current.mode,
      choice: current.choice,
      engine: engine.name,
      nextGeneration: current.nextGeneration,
      parentGeneration: current.parentGeneration,
      isGuessed: current.isGuessed,
      model: current.restored?.model ?? null,
      effort: effortOf(work, current),
      costBeforeUsd: current.restored?.costUsd ?? 0,
      resumedTokens: resumedTokens(current),
      ...copyState(current),
      transcripts: await transcriptSizes(directory.config, current.sessionId),
      headCommit: checkout.start,
      baseBranchCommit: checkout.baseCommit ?? null,
      ticket: ticketTold(work, current.mode),
      workingDirectory: checkout.directory,
      pins: pinsOf(current),
      store: work.report.store,
    });
    const told = toldContext(work.inputs.job, work.claim.context, current.restored);
    const prompt = renderPrompt({
      issueKey: work.inputs.job.issueKey,
      mode: current.mode,
      context: {
        ...told,
        markdown: [told.markdown, listOfFiles(files, told), ...(await around(current))]
          .filter((part) => part !== '')
          .join('\n\n'),
      },
      instruction: work.inputs.job.instruction,
      notices: [
        ...begunNotice(current),
        ...movedNotice(current, checkout.start),
        ...noticesOfFiles(files, told),
      ],
    });
    const task = {
      ...taskFor(work, directory, checkout, current, prompt),
      ...(mcp.configFile === undefined ? {} : { mcpConfigFile: mcp.configFile }),
    };
    let answeredAt: number | undefined;
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'usage' && event.isMain) answeredAt = work.now();
      if (event.type === 'started') for (const name of event.failedServers) failedServers.add(name);
      work.board.engineEvent(event);
    };
    const result = await started.engine.run(task, onEvent, work.stop.signal);
    // From here on the answer goes to places that the agent may not have known of: the pull request, the log.
    const endedAt = new Date(answeredAt ?? work.now());
    return { task, endedAt, result: { ...result, summary: redact(result.summary, work.secrets) } };
  }

  function pinsOf(current: Conversation): SessionPins {
    const task = taskFor(work, directory, checkout, current, '');
    return pinsFor(task, engine, { allowedTools: rulesFor(work.inputs) }, mcp.servers);
  }

  async function noted({
    endedAt,
    ...ended
  }: Asked & Pick<Talk, 'conversation'>): Promise<Talk & { kept: Kept }> {
    const { conversation: ran, result } = ended;
    const failed = [...failedServers].map(
      (name) => `The MCP server \`${name}\` could not be used: its tools were not there.`,
    );
    work.report.notices.push(...ran.notices, ...failed, ...priceNotices(result));
    const uses = await mcp.uses();
    if (uses.length > 0) work.report.mcp = uses;
    const kept = await keepWork(result);
    const copy = await keepCopy(work, directory, started.engine, { ...ended, endedAt });
    const { version: engineVersion, model } = result;
    return { ...ended, kept, copy, pins: { ...pinsOf(ran), engineVersion, model } };
  }
}

/** What the post step needs to keep the copy of a conversation that a run died in. */
function copyState({ choice, restored }: Conversation): Pick<SessionState, 'copy' | 'figures'> {
  if (restored === undefined) return {};
  const { compacted, figures, files, sessionId } = restored;
  const bytesBefore = files.find(({ path }) => path === transcriptPath(sessionId))?.bytes ?? 0;
  return {
    ...(figures === undefined ? {} : { figures }),
    ...(choice === 'warm' && compacted !== undefined ? { copy: { ...compacted, bytesBefore } } : {}),
  };
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
  const { job, maxTurns } = inputs;
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
    allowedTools: [...rulesFor(inputs), `Read(/${directory.context}/**)`],
    ...toolsFor(inputs),
    ...(model ? { model } : {}),
    ...(effort === null ? {} : { effort }),
    ...(maxBudgetUsd === undefined ? {} : { maxBudgetUsd }),
    ...(maxTurns === undefined ? {} : { maxTurns }),
  };
}

/** Whether there was a conversation before this one, as far as is known. */
function followsAnother({ mode, nextGeneration }: Conversation): boolean {
  return mode === 'fresh' && nextGeneration > 1;
}

function begunNotice(conversation: Conversation): string[] {
  if (!followsAnother(conversation)) return [];
  return [
    'Earlier runs worked on this ticket in a conversation that is not part of this one. What they pushed stands on the branch: look at it before you begin.',
  ];
}

/** The conversation remembers files as they were when it was saved. */
function movedNotice({ restored }: Conversation, start: string): string[] {
  const then = restored?.headCommit;
  if (!then || then === start) return [];
  return [
    `The checkout is at commit ${start.slice(0, 12)}; when this conversation was saved it was at ${then.slice(0, 12)}. Read files again before you rely on what you remember of them.`,
  ];
}
