import { z } from 'zod';

export type MessageId = string | number;

type Params = Readonly<Record<string, unknown>>;

/** The text is passed on as it came; the rest is what the proxy looks at. */
export type Message =
  | { kind: 'request'; text: string; id: MessageId; method: string; params: Params }
  | { kind: 'notification'; text: string; method: string; params: Params }
  | { kind: 'response'; text: string; id: MessageId; answer: Answer }
  /** A batch of messages, or something that a later version of the protocol may know. */
  | { kind: 'other'; text: string };

export type Answer = { result: unknown } | { error: unknown };

const Id = z.union([z.string(), z.number()]);
const Members = z.record(z.string(), z.unknown());
const Envelope = z.looseObject({
  jsonrpc: z.literal('2.0'),
  id: Id.optional(),
  method: z.string().optional(),
  params: Members.optional(),
});

/** Reads one line; undefined when it is not a JSON object or array at all. */
export function readMessage(text: string): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return toMessage(value, text);
}

/** A message that came parsed. */
export function toMessage(value: unknown, text = JSON.stringify(value)): Message | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const envelope = Envelope.safeParse(value);
  if (!envelope.success) return { kind: 'other', text };
  const { id, method, params = {} } = envelope.data;
  if (method !== undefined && id !== undefined) return { kind: 'request', text, id, method, params };
  if (method !== undefined) return { kind: 'notification', text, method, params };
  if (id !== undefined && 'result' in value) {
    return { kind: 'response', text, id, answer: { result: value.result } };
  }
  if (id !== undefined && 'error' in value) {
    return { kind: 'response', text, id, answer: { error: value.error } };
  }
  return { kind: 'other', text };
}

/** The members of an object; none for everything else. */
export function membersOf(value: unknown): Params {
  const members = Members.safeParse(value);
  return members.success ? members.data : {};
}

/** The id that a request or a cancellation names. */
export function idOf(value: unknown): MessageId | undefined {
  const id = Id.safeParse(value);
  return id.success ? id.data : undefined;
}

export function requestText(id: MessageId, method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

export function notificationText(method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', method, params });
}

/** A response around a result that is JSON text already. */
export function resultText(id: MessageId, resultJson: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${resultJson}}`;
}

export function errorText(id: MessageId, error: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error });
}
