import { structuredPatch } from 'diff';
import type { ContextSeen } from '../core/context-seen.ts';
import { storable } from '../core/storable.ts';
import { fenced, oneLine } from './cut.ts';
import { type ContextComment, type ContextItems, hashOf } from './items.ts';

/** What changed of the ticket and the pull request since a conversation was last told of them. */
export interface Delta {
  fields: FieldChange[];
  newComments: ContextComment[];
  editedComments: ContextComment[];
  /** How many comments are gone. */
  removedComments: number;
  newAttachments: string[];
  removedAttachments: string[];
  /** So much of the texts is another that the conversation is about something else than the ticket is now. */
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

/** A text is another one when fewer of its words than this are the same, as a share of all words of both. */
const sameWords = 0.5;
/** Below this many words a text says too little for its share of changed words to mean anything. */
const fewestWords = 30;

/** Compares what a conversation has seen with how things are now; comments of Dexter's own are no news. */
export function contextDelta(seen: ContextSeen, now: ContextItems, { asked }: DeltaOptions = {}): Delta {
  const before = new Map(Object.entries(seen.comments));
  const others = now.comments.filter(({ id, isOwn }) => !isOwn && id !== asked);
  const fields = changedFields(seen, now);
  const attached = new Map(now.attachments.map(({ id, name }) => [id, name]));
  const there = new Set(now.comments.map(({ id }) => id));
  return {
    fields,
    newComments: others.filter(({ id }) => !before.has(id)),
    editedComments: others.filter((comment) => {
      const known = before.get(comment.id);
      return known !== undefined && known !== hashOf(comment);
    }),
    removedComments: [...before.keys()].filter((id) => !there.has(id)).length,
    newAttachments: [...attached].flatMap(([id, name]) => (id in seen.attachments ? [] : [name])),
    removedAttachments: Object.entries(seen.attachments).flatMap(([id, name]) =>
      attached.has(id) ? [] : [name],
    ),
    isRewritten: fields.some(({ before: old, after }) => isAnother(old, after)),
  };
}

function changedFields(seen: ContextSeen, now: ContextItems): FieldChange[] {
  const values = new Map(now.fields.map(({ name, value }) => [name, value]));
  const names = new Set([...values.keys(), ...Object.keys(seen.fields)]);
  return [...names].flatMap((name) => {
    const [before, after] = [seen.fields[name] ?? '', storable(values.get(name) ?? '')];
    return before === after ? [] : [{ name, before, after }];
  });
}

/** Compares the words of two texts, whatever their order: moved paragraphs are no other text. */
function isAnother(before: string, after: string): boolean {
  const [old, now] = [wordsOf(before), wordsOf(after)];
  const total = old.length + now.length;
  if (old.length < fewestWords || total === 0) return false;
  const left = new Map<string, number>();
  for (const word of old) left.set(word, (left.get(word) ?? 0) + 1);
  let same = 0;
  for (const word of now) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    same += 2;
  }
  return same / total < sameWords;
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

/** The delta as Markdown. `shorten` cuts a text to what may be shown of it. */
export function renderDelta(delta: Delta, shorten: (text: string) => string): string {
  if (isEmpty(delta)) return 'Nothing has changed since the last message.';
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
  const sections = [
    [...lines, ...files, ...gone].join('\n'),
    ...delta.fields.filter((change) => !isShort(change)).map((change) => textChange(change, shorten)),
    ...delta.editedComments.map(({ title, text }) => `### Edited: ${title}\n\n${shorten(text)}`),
    ...delta.newComments.map(({ title, text }) => `### New: ${title}\n\n${shorten(text)}`),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function isShort({ before, after }: FieldChange): boolean {
  return [before, after].every((text) => text.length <= longestValue && !text.includes('\n'));
}

function changeLine({ name, before, after }: FieldChange): string {
  return `- ${name}: ${before || '(none)'} → ${after || '(none)'}`;
}

function textChange({ name, before, after }: FieldChange, shorten: (text: string) => string): string {
  const asItIs = `### ${name}, as it is now\n\n${shorten(after) || '(none)'}`;
  if (before === '' || after === '' || isAnother(before, after)) return asItIs;
  const patch = structuredPatch('', '', before, after, '', '', {
    context: contextLines,
    maxEditLength: mostEdits,
  });
  if (patch === undefined) return asItIs;
  const lines = patch.hunks.flatMap((hunk, index) => [...(index === 0 ? [] : ['…']), ...hunk.lines]);
  const difference = lines.filter((line) => !line.startsWith('\\')).join('\n');
  if (difference.length > after.length) return asItIs;
  return `### ${name}, changed\n\n${fenced(shorten(difference), 'diff')}`;
}
