import type { ContextDelta, KeptContext } from '../core/context.ts';
import { type ContextSeen, hashOfSeen } from '../core/context-seen.ts';
import { packText, type Room } from '../core/packed-text.ts';
import { shorten } from './cut.ts';
import { contextDelta, isEmpty, renderDelta } from './delta.ts';
import { type ContextItems, itemsOf, seenOf } from './items.ts';
import { lineSection, threadSection } from './pull-request-sections.ts';
import { type ContextFacts, renderContext } from './render.ts';

/** What a first message shows of a ticket; some 15,000 tokens. The rest can be read from a file. */
export const mostShown = 60_000;
/** What is kept for that file. */
const mostKept = 2_000_000;
/** What a follow-up shows of one changed text, and of all together. */
const mostOfText = 8_000;
const mostNews = 24_000;
/** Of that, for where it was asked. */
const mostAbove = 12_000;

export interface SeenBefore {
  /** What the session's newest generation has seen; undefined when the ledger does not know. */
  seen?: ContextSeen | undefined;
  /** Id of the comment that asked, as in `ContextComment`. */
  asked?: string | undefined;
}

/** What the engine is told of the ticket and the pull request, and what of it is news for its conversation. */
export function keptContext(facts: ContextFacts, { seen, asked }: SeenBefore = {}): KeptContext {
  const items = itemsOf(facts);
  const full = renderContext(facts, mostKept, mostKept);
  const text = renderContext(facts, mostShown);
  const delta = seen && deltaSince(seen, items, facts, asked);
  const alone = seenOf(items, undefined, asked);
  return {
    text,
    ...(text === full && (delta?.isWhole ?? true) ? {} : { full }),
    ...(delta ? { delta } : {}),
    attachments: facts.ticket?.attachments ?? [],
    ...(seen ? { seen: seenOf(items, seen, asked), alone } : { seen: alone }),
  };
}

function deltaSince(
  seen: ContextSeen,
  items: ContextItems,
  { notices = [], thread, reviewLines = [] }: ContextFacts,
  asked: string | undefined,
): ContextDelta {
  const delta = contextDelta(seen, items, { asked });
  // Where a question was asked is part of the question, whether it is new or not.
  const where = [...threadSection(thread), ...reviewLines.map(lineSection)];
  // Of what could not be asked it is not known whether it has changed.
  const isUnknown = notices.length > 0 && isEmpty(delta);
  const above = [
    ...notices.map((notice) => `(${notice})`),
    ...where,
    // So that it does not look like the end of what somebody said there.
    ...(where.length > 0 && !isUnknown ? ['## What else is new'] : []),
  ].join('\n\n');
  const shown = shorten(above, mostAbove);
  const changes = isUnknown
    ? { markdown: '', isWhole: true }
    : renderDelta(delta, { text: mostOfText, all: mostNews - shown.length });
  return {
    from: hashOfSeen(seen),
    markdown: [shown, changes.markdown].filter((part) => part !== '').join('\n\n'),
    isRewritten: delta.isRewritten,
    isWhole: changes.isWhole && shown === above,
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
