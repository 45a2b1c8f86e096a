import { createHash } from 'node:crypto';
import type { ContextSeen } from '../core/context-seen.ts';

/** The ticket and the pull request as parts that change one by one. */
export interface ContextItems {
  fields: ContextField[];
  /** Oldest first. */
  comments: ContextComment[];
  attachments: { id: string; name: string }[];
}

export interface ContextField {
  /** As people read it, unique: `Status`, `Description of the pull request`. */
  name: string;
  /** Text or Markdown; empty when it is not set. */
  value: string;
}

export interface ContextComment {
  /** Unique in all places where comments stand: `jira:10023`. */
  id: string;
  /** Who said it, where and when, as one line. */
  title: string;
  text: string;
  /** Written by Dexter: the conversation knows it as its own answer. */
  isOwn: boolean;
}

/** What a conversation has seen that was told `items`. */
export function seenOf({ fields, comments, attachments }: ContextItems): ContextSeen {
  return {
    fields: Object.fromEntries(fields.map(({ name, value }) => [name, value])),
    comments: Object.fromEntries(comments.map((comment) => [comment.id, hashOf(comment)])),
    attachments: Object.fromEntries(attachments.map(({ id, name }) => [id, name])),
  };
}

/** Short: it only has to tell two versions of one comment apart. */
export function hashOf({ text }: ContextComment): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
