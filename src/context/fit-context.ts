import type { ContextDelta, KeptContext } from '../core/context.ts';
import { type ContextSeen, hashOfSeen } from '../core/context-seen.ts';
import { packText, type Room } from '../core/packed-text.ts';
import { shorten } from './cut.ts';
import { contextDelta, renderDelta } from './delta.ts';
import { itemsOf, seenOf } from './items.ts';
import { lineSection, threadSection } from './pull-request-sections.ts';
import { type ContextFacts, renderContext } from './render.ts';

/** What a first message shows of a ticket; some 15,000 tokens. The rest can be read from a file. */
const mostShown = 60_000;
/** What is kept for that file. */
const mostKept = 2_000_000;
/** What a follow-up shows of one changed text, and of all together. */
const mostOfText = 8_000;
const mostNews = 24_000;

export interface SeenBefore {
  /** What the session's newest generation has seen; undefined when the ledger does not know. */
  seen?: ContextSeen | undefined;
  /** Id of the comment that asked, as in `ContextComment`. */
  asked?: string | undefined;
}

/** What the engine is told of the ticket and the pull request, and what of it is news for its conversation. */
export function keptContext(facts: ContextFacts, { seen, asked }: SeenBefore = {}): KeptContext {
  const items = itemsOf(facts);
  // JIRA could not be asked: what the conversation knows of the ticket is not gone for that.
  const isMissing = facts.ticket === undefined && (facts.notices ?? []).length > 0;
  const full = renderContext(facts, mostKept, mostKept);
  const text = renderContext(facts, mostShown);
  return {
    text,
    ...(text === full ? {} : { full }),
    ...(seen === undefined ? {} : { delta: deltaSince(seen, isMissing ? undefined : items, facts, asked) }),
    attachments: facts.ticket?.attachments ?? [],
    seen: isMissing && seen !== undefined ? seen : seenOf(items),
  };
}

function deltaSince(
  seen: ContextSeen,
  items: ReturnType<typeof itemsOf> | undefined,
  { notices = [], thread, reviewLines = [] }: ContextFacts,
  asked: string | undefined,
): ContextDelta {
  const delta = items && contextDelta(seen, items, { asked });
  const changes = delta ? [renderDelta(delta, (text) => shorten(text, mostOfText))] : [];
  // Where a question was asked is part of the question, whether it is new or not.
  const where = [...threadSection(thread), ...reviewLines.map(lineSection)];
  const markdown = [
    ...notices.map((notice) => `(${notice})`),
    ...where,
    // So that it does not look like the end of what somebody said there.
    ...(where.length > 0 && changes.length > 0 ? ['## What else is new'] : []),
    ...changes,
  ].join('\n\n');
  return {
    from: hashOfSeen(seen),
    markdown: shorten(markdown, mostNews),
    isRewritten: delta?.isRewritten ?? false,
  };
}

/** The inputs for a context, within `room` together; what does not fit comes with the claim. */
export function contextInputs(
  { text, delta }: KeptContext,
  { characters, bytes }: Room,
): { context: string; delta: string } {
  // The news first: a follow-up as a rule needs nothing else.
  const news = delta === undefined ? '' : packText(JSON.stringify(delta), { characters, bytes });
  const context = packText(text, {
    characters: characters - news.length,
    bytes,
  });
  return { context, delta: news };
}
