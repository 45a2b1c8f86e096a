import { mkdir, rm } from 'node:fs/promises';
import { EngineName } from '../src/core/engine.ts';
import { messageOf } from '../src/core/errors.ts';
import type { SessionManifest } from '../src/core/session.ts';
import { afterRefusal, choose, type Earlier, expectedRead } from '../src/sessions/choose.ts';
import { isSameModel, losesPromptCache, pinsMoved } from '../src/sessions/pins.ts';
import { sessionSize } from '../src/sessions/resume-facts.ts';
import { branchKept } from './branch-kept.ts';
import type { Checkout } from './checkout.ts';
import { type Conversation, fresh, lostNotice, type Opened } from './open-conversation.ts';
import { pinsFor, rulesFor, toolsFor } from './pins-for.ts';
import type { ReadyEngine } from './ready-engine.ts';
import type { SessionDirectory } from './session-directory.ts';
import { toldContext } from './told-context.ts';
import type { Work } from './work.ts';

export interface ChooseOptions {
  opened: Opened;
  checkout: Pick<Checkout, 'base' | 'directory' | 'git' | 'start'>;
  engine: Pick<ReadyEngine, 'name' | 'version'>;
  /** The MCP servers of the run, by name. */
  servers: Readonly<Record<string, unknown>>;
}

/** Decides how the run goes on with what was restored, and puts away what it does not go on with. */
export async function chooseConversation(
  work: Work,
  directory: SessionDirectory,
  options: ChooseOptions,
): Promise<Conversation> {
  const { lost, ...found } = options.opened;
  const { restored } = found;
  const { mode, model: asked } = work.inputs.job.session;
  const model = modelOf(asked, restored?.model ?? null);
  const earlier = restored && (await earlierOf(work, restored, options));
  const prices = model === null ? undefined : work.pricesOf(model);
  const { resumption, isWarm, ageSeconds } = choose({
    // The app asks for a new one as well where it knows of none.
    wantsFresh: mode === 'fresh' && found.nextGeneration > 1,
    earlier,
    lost,
    model,
    prices,
  });
  const { choice } = resumption;
  if (restored === undefined) return { ...found, choice, resumption };
  const opened = { ...found, ...(ageSeconds === undefined ? {} : { ageSeconds }) };
  if (choice === 'fresh') {
    await emptyConfig(directory);
    return { ...fresh(opened.nextGeneration - 1, opened.notices), choice, resumption };
  }
  if (choice === 'warm' || restored.compacted === undefined) return { ...opened, choice, resumption };
  const { compacted, ...whole } = restored;
  const expectedCacheRead = earlier === undefined ? 0 : expectedRead('warm', { earlier, isWarm, prices });
  return {
    ...opened,
    sessionId: compacted.sessionId,
    choice,
    resumption,
    instead: {
      ...opened,
      // Without the copy that is no good: what is saved in the end has none, or a new one.
      restored: whole,
      choice: 'warm',
      resumption: { ...resumption, choice: 'warm', expectedCacheRead },
    },
  };
}

/** The session's own name for the one that was asked for: what `sonnet` alone would cost nobody knows. */
export function modelOf(asked: string | undefined, had: string | null): string | null {
  if (asked === undefined) return had;
  return had !== null && isSameModel(had, asked) ? had : asked;
}

/**
 * What is left when the engine refuses a conversation: the whole one for its copy, else a new one.
 * @param why what the engine said.
 */
export async function insteadOfRefused(
  refused: Conversation,
  why: string,
  directory: SessionDirectory,
): Promise<Conversation> {
  const { instead, notices, resumption } = refused;
  if (instead !== undefined) {
    const { expectedCacheRead } = instead.resumption;
    return {
      ...instead,
      notices: [...notices, copyNotice(why)],
      resumption: afterRefusal(resumption, 'warm', { why, expectedCacheRead }),
    };
  }
  await emptyConfig(directory);
  return {
    ...fresh(refused.nextGeneration - 1, [...notices, lostNotice(why)], refused.isGuessed),
    choice: 'fresh',
    resumption: afterRefusal(resumption, 'fresh', { why, expectedCacheRead: 0 }),
  };
}

function copyNotice(why: string): string {
  return `The compacted copy of the session could not be continued (${why.replace(/\.$/, '')}), so the whole conversation was.`;
}

async function earlierOf(work: Work, restored: SessionManifest, options: ChooseOptions): Promise<Earlier> {
  const { job } = work.inputs;
  const { lastRequestAt, ...size } = sessionSize(restored);
  return {
    ...size,
    ageMs: work.now() - lastRequestAt,
    moved: movedPins(work, restored, options),
    ticket: toldContext(job, work.claim.context, restored).isRewritten === true ? 'rewritten' : 'same',
    branch: await branchOf(work, restored, options.checkout),
  };
}

/** What is not as in the session's earlier requests, in words, so that nothing of them is read from the prompt cache. */
function movedPins(
  { inputs }: Work,
  restored: SessionManifest,
  { checkout, engine, servers }: ChooseOptions,
): string[] {
  const { engineVersion, effort, workingDirectory } = restored;
  const had = EngineName.safeParse(restored.engine).data;
  const model = inputs.job.session.model ?? restored.model;
  const task = {
    ...(model === null ? {} : { model }),
    ...(effort === null ? {} : { effort }),
    ...toolsFor(inputs),
    workingDirectory: checkout.directory,
  };
  const now = pinsFor(task, engine, { allowedTools: rulesFor(inputs) }, servers);
  // Earlier versions of Dexter noted less, and offered all tools.
  const then = restored.pins ?? {
    ...(had === undefined ? {} : { engine: had }),
    engineVersion,
    model: restored.model,
    effort,
    tools: null,
    flags: now.flags,
    workingDirectory,
  };
  return pinsMoved(then, now)
    .filter((moved) => losesPromptCache([moved]))
    .map(({ words }) => words);
}

async function branchOf(
  { log }: Work,
  { headCommit }: SessionManifest,
  { base, git, start }: ChooseOptions['checkout'],
): Promise<Earlier['branch']> {
  try {
    return await branchKept({ git, base, start, ended: headCommit });
  } catch (error) {
    log.warn(`Whether the branch holds what was done before could not be found out: ${messageOf(error)}`);
    return 'unknown';
  }
}

/** Nothing of the earlier conversation is left for the engine to find. */
async function emptyConfig({ config }: SessionDirectory): Promise<void> {
  await rm(config, { recursive: true, force: true });
  await mkdir(config, { mode: 0o700 });
}
