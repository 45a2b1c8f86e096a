import { sessionId } from '../session-folder.ts';

interface Parent {
  uuid: string;
}

const common = {
  isSidechain: false,
  userType: 'external',
  cwd: '/work/checkout',
  sessionId,
  version: '2.1.330',
  gitBranch: 'main',
  timestamp: '2026-11-21T10:00:00.000Z',
};

/** An id that is the same each time for the same number. */
export function uuidOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

export function prompt(number: number, text: string, parent?: Parent) {
  return {
    parentUuid: parent?.uuid ?? null,
    ...common,
    type: 'user',
    message: { role: 'user', content: text },
    uuid: uuidOf(number),
  };
}

export function assistant(number: number, content: readonly object[], parent: Parent) {
  return {
    parentUuid: parent.uuid,
    ...common,
    message: { id: `msg_${number}`, type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', content },
    requestId: `req_${number}`,
    type: 'assistant',
    uuid: uuidOf(number),
  };
}

export function toolUse(id: string, input: object) {
  return { type: 'tool_use', id, name: 'Bash', input };
}

export function toolResult(number: number, id: string, content: string, parent: Parent) {
  return {
    parentUuid: parent.uuid,
    ...common,
    type: 'user',
    message: { role: 'user', content: [{ tool_use_id: id, type: 'tool_result', content }] },
    uuid: uuidOf(number),
    toolUseResult: { stdout: content, stderr: '', interrupted: false },
    sourceToolAssistantUUID: parent.uuid,
  };
}

export function thinking(text: string) {
  return { type: 'thinking', thinking: text, signature: 'c2lnbmVk' };
}

export function text(words: string) {
  return { type: 'text', text: words };
}

export function jsonl(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** A conversation of two turns, with a thought and a tool use in the first. */
export function conversation(output = 'nothing special') {
  const asked = prompt(1, 'Look at the files.');
  const thought = assistant(2, [thinking('Let me look.')], asked);
  const used = assistant(3, [toolUse('toolu_1', { command: 'ls' })], thought);
  const result = toolResult(4, 'toolu_1', output, used);
  const answered = assistant(5, [text('Looked.')], result);
  const again = prompt(6, 'Go on.', answered);
  const last = assistant(7, [text('Done.')], again);
  return [asked, thought, used, result, answered, again, last] as const;
}
