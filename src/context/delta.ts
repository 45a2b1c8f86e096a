import { structuredPatch } from 'diff';
import type { ContextSeen } from '../core/context-seen.ts';
import { fenced } from '../core/fenced.ts';
import { storable } from '../core/storable.ts';
import { counted, oneLine, shorten } from './cut.ts';
import { type ContextComment, type ContextItems, hashOf, notHashed, removedIds } from './items.ts';

/** What changed of the ticket and the pull request since a conversation was last told of them. */
export interface Delta {
  fields: FieldChange[];
  newComments: ContextComment[];
  editedComments: ContextComment[];
  /** How many comments are gone. */
  removedComments: number;
  newAttachments: string[];
  removedAttachments: string[];
  /** Most of its description is gone for another one: the conversation is about something else than the ticket is now. */
  isRewritten: boolean;
}

export interface FieldChange {
  name: string;
  before: string;
  after: string;
}

export interface DeltaOptions {
  /** Id of the comment that asked: it is the instruction, and not said twice. */
  asked?: string | undefined;
}

/** What a ticket is about; other fields are a part of it, or come and go. */
const descriptions = new Set(['Description', 'Description of the issue']);

/** A text is another one when fewer of its words than this are the same, as a share of all words of both. */
const sameWords = 0.5;
/** Below this many words a text says too little for its share of changed words to mean anything. */
const fewestWords = 30;

/** Compares what a conversation has seen with how things are now; comments of Dexter's own are no news. */
export function contextDelta(seen: ContextSeen, now: ContextItems, { asked }: DeltaOptions = {}): Delta {
  const before = new Map(Object.entries(seen.comments));
  const others = now.comments.filter(({ id, isOwn, isApart }) => !isOwn && !isApart && id !== asked);
  const fields = changedFields(seen, now);
  const attached = now.attachments && new Map(now.attachments.map(({ id, name }) => [id, name]));
  return {
    fields,
    newComments: others.filter(({ id }) => !before.has(id)),
    editedComments: others.filter((comment) => {
      const known = before.get(comment.id);
      return known !== undefined && known !== notHashed && known !== hashOf(comment);
    }),
    removedComments: removedIds(seen, now).length,
    newAttachments: [...(attached ?? [])].flatMap(([id, name]) => (id in seen.attachments ? [] : [name])),
    removedAttachments: Object.entries(seen.attachments).flatMap(([id, name]) =>
      attached === undefined || attached.has(id) ? [] : [name],
    ),
    isRewritten: fields.some((change) => descriptions.has(change.name) && isGone(change)),
  };
}

function changedFields(seen: ContextSeen, now: ContextItems): FieldChange[] {
  return now.fields.flatMap(({ name, value }) => {
    const [before, after] = [seen.fields[name] ?? '', storable(value)];
    return before === after ? [] : [{ name, before, after }];
  });
}

/** Compares the words of two texts, whatever their order: moved paragraphs are no other text. */
function isAnother(before: string, after: string): boolean {
  const [old, now] = [wordsOf(before), wordsOf(after)];
  const total = old.length + now.length;
  if (old.length < fewestWords || total === 0) return false;
  return (2 * wordsInBoth(old, now)) / total < sameWords;
}

/** Whether another text stands where one was. A longer one that still says what the old one said is no other. */
function isGone({ before, after }: FieldChange): boolean {
  const [old, now] = [wordsOf(before), wordsOf(after)];
  return old.length >= fewestWords && now.length > 0 && wordsInBoth(old, now) / old.length < sameWords;
}

function wordsInBoth(old: readonly string[], now: readonly string[]): number {
  const left = new Map<string, number>();
  for (const word of old) left.set(word, (left.get(word) ?? 0) + 1);
  let same = 0;
  for (const word of now) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    same += 1;
  }
  return same;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

export function isEmpty(delta: Delta): boolean {
  const { isRewritten: _, removedComments, ...lists } = delta;
  return removedComments === 0 && Object.values(lists).every((list) => list.length === 0);
}

/** One line each; longer values are shown as a difference. */
const longestValue = 200;
/** Lines around a change. */
const contextLines = 2;
/** Texts that differ in more lines than this are shown as they are now. */
const mostEdits = 400;

export interface NewsLimits {
  /** Characters of one text. */
  text: number;
  /** Characters of everything. */
  all: number;
}

export interface RenderedDelta {
  markdown: string;
  /** Nothing was shortened or left out. */
  isWhole: boolean;
}

/**
 * The delta as Markdown. What does not fit is left out by rule: the oldest of the new comments first, then those that
 * were edited, then the ends of the texts. The Markdown says how much is missing.
 */
export function renderDelta(delta: Delta, limits: NewsLimits): RenderedDelta {
  if (isEmpty(delta)) return { markdown: 'Nothing has changed since the last message.', isWhole: true };
  let isWhole = true;
  const cut = (text: string, limit = limits.text) => {
    const kept = shorten(text, limit);
    if (kept !== text) isWhole = false;
    return kept;
  };
  const lines = delta.fields.filter(isShort).map(changeLine);
  const files = [
    ...delta.newAttachments.map((name) => `- New attachment: ${oneLine(name)}`),
    ...delta.removedAttachments.map((name) => `- Attachment removed: ${oneLine(name)}`),
  ];
  const gone =
    delta.removedComments === 0
      ? []
      : [
          `- ${delta.removedComments} ${delta.removedComments === 1 ? 'comment was' : 'comments were'} removed`,
        ];
  const fixed = [
    [...lines, ...files, ...gone].join('\n'),
    ...delta.fields.filter((change) => !isShort(change)).map((change) => textChange(change, cut)),
  ].filter((section) => section !== '');
  const comments = [
    ...delta.editedComments.map(({ title, text }) => `### Edited: ${title}\n\n${cut(text)}`),
    ...delta.newComments.map(({ title, text }) => `### New: ${title}\n\n${cut(text)}`),
  ];
  const kept = thatFit(comments, delta.editedComments.length, limits.all - lengthOf(fixed));
  const missing = comments.length - kept.length;
  if (missing > 0) isWhole = false;
  const note = counted(missing, 'more new or edited comment is', 'more new or edited comments are');
  const sections = [...fixed, ...(missing > 0 ? [`(${note} left out here)`] : []), ...kept];
  const markdown = cut(sections.join('\n\n'), limits.all);
  return { markdown, isWhole };
}

/** Without the oldest of the new comments, and then the edited ones, which come first; the last one always stays. */
function thatFit(comments: readonly string[], edited: number, room: number): string[] {
  const indices = [...comments.keys()];
  const dropped = new Set<number>();
  let left = lengthOf(comments);
  for (const index of [...indices.slice(edited), ...indices.slice(0, edited)]) {
    if (left <= room || index === comments.length - 1) continue;
    dropped.add(index);
    left -= lengthOf(comments.slice(index, index + 1));
  }
  return comments.filter((_, index) => !dropped.has(index));
}

/** With what separates them. */
function lengthOf(sections: readonly string[]): number {
  return sections.reduce((sum, section) => sum + section.length + 2, 0);
}

function isShort({ before, after }: FieldChange): boolean {
  return [before, after].every((text) => text.length <= longestValue && !text.includes('\n'));
}

function changeLine({ name, before, after }: FieldChange): string {
  return `- ${name}: ${before || '(none)'} → ${after || '(none)'}`;
}

function textChange({ name, before, after }: FieldChange, cut: (text: string) => string): string {
  const asItIs = () => `### ${name}, as it is now\n\n${cut(after) || '(none)'}`;
  if (before === '' || after === '' || isAnother(before, after)) return asItIs();
  const patch = structuredPatch('', '', before, after, '', '', {
    context: contextLines,
    maxEditLength: mostEdits,
  });
  if (patch === undefined) return asItIs();
  const lines = patch.hunks.flatMap((hunk, index) => [...(index === 0 ? [] : ['…']), ...hunk.lines]);
  const difference = lines.filter((line) => !line.startsWith('\\')).join('\n');
  if (difference.length > after.length) return asItIs();
  return `### ${name}, changed\n\n${fenced(cut(difference), 'diff')}`;
}
