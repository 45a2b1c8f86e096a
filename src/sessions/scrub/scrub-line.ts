import { findSecrets, type Scrubber, scrubText } from './scrub-text.ts';

type ScrubbedLine =
  | { outcome: 'clean' }
  | { outcome: 'changed'; line: string; replaced: number; blocksDropped: number }
  /** A secret stands where nothing may be changed, or the line is no record; a clause without a full stop. */
  | { outcome: 'refused'; reason: string };

/** What a resume follows; a session with another value there is not the same session. */
const fixedFields = new Set([
  'type',
  'role',
  'id',
  'uuid',
  'parentUuid',
  'logicalParentUuid',
  'leafUuid',
  'messageId',
  'promptId',
  'agentId',
  'sessionId',
  'requestId',
  'requestRef',
  'tool_use_id',
  'toolUseID',
  'parentToolUseID',
  'sourceToolAssistantUUID',
  'sourceToolUseID',
  'hash',
  'shapeHash',
  'timestamp',
  'cwd',
  'version',
  'model',
  'signature',
]);
const toolUseTypes = new Set(['tool_use', 'server_tool_use', 'mcp_tool_use']);
const thinkingTypes = new Set(['thinking', 'redacted_thinking']);

/** Below these nothing has a meaning of its own for the CLI: what a tool was given, and what it gave back. */
const freeFields = new Set(['input', 'toolUseResult']);

type Fields = Record<string, unknown>;

class Unchangeable extends Error {}

interface Walk {
  scrubber: Scrubber;
  replaced: number;
  blocksDropped: number;
}

/**
 * Replaces the secrets in one line of a transcript, on its decoded strings. Afterwards the line is the same
 * record: its ids, types and tool uses are compared, and a second scrub has to find nothing. The chain of
 * records is thereby what it was, as no record is ever left out or added.
 */
export function scrubLine(line: string, scrubber: Scrubber): ScrubbedLine {
  const record = parsed(line);
  if (record === undefined) return { outcome: 'refused', reason: 'it is no JSON object' };
  const walk: Walk = { scrubber, replaced: 0, blocksDropped: 0 };
  try {
    const scrubbed = scrubValue(record, walk, false);
    if (walk.replaced + walk.blocksDropped === 0) return { outcome: 'clean' };
    const result = JSON.stringify(scrubbed);
    return { outcome: 'changed', line: checked(line, result, scrubber), ...counts(walk) };
  } catch (error) {
    if (error instanceof Unchangeable) return { outcome: 'refused', reason: error.message };
    throw error;
  }
}

function counts({ replaced, blocksDropped }: Walk) {
  return { replaced, blocksDropped };
}

function parsed(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same value when nothing in it is secret. */
function scrubValue(value: unknown, walk: Walk, isFree: boolean): unknown {
  if (typeof value === 'string') return scrubString(value, walk);
  if (Array.isArray(value)) {
    const kept = isFree ? value : value.filter((item) => !isSecretThought(item, walk));
    return kept.map((item) => scrubValue(item, walk, isFree));
  }
  if (!isFields(value)) return value;
  // What is left of these has no secret, and a signature that holds for every byte.
  if (!isFree && isThought(value)) return value;
  // An object without a prototype takes `__proto__` for a name like any other.
  const result: Fields = Object.create(null);
  for (const [name, field] of Object.entries(value)) {
    if (!isFree && isFixed(name, field, value)) result[name] = unchanged(name, field, walk);
    else result[scrubName(name, walk, isFree)] = scrubValue(field, walk, isFree || freeFields.has(name));
  }
  return result;
}

function scrubString(text: string, walk: Walk): string {
  // Shorter than the shortest token and the shortest known value.
  if (text.length < 6) return text;
  const { text: result, replaced } = scrubText(text, walk.scrubber);
  walk.replaced += replaced;
  return result;
}

/** Where names have a meaning for the CLI, one with a secret in it cannot be replaced. */
function scrubName(name: string, walk: Walk, isFree: boolean): string {
  if (isFree) return scrubString(name, walk);
  if (findSecrets(name, walk.scrubber).length > 0) throw new Unchangeable('a secret is the name of a field');
  return name;
}

function isFixed(name: string, field: unknown, { type }: Fields): field is string {
  if (typeof field !== 'string') return false;
  return fixedFields.has(name) || (name === 'name' && typeof type === 'string' && toolUseTypes.has(type));
}

function unchanged(name: string, field: string, { scrubber }: Walk): string {
  // Random base64 has by chance what looks like a token, never a whole known value.
  const hits = name === 'signature' ? scrubber.known.find(field) : findSecrets(field, scrubber);
  if (hits.length > 0) throw new Unchangeable(`a secret stands in the field ${name}, which must not change`);
  return field;
}

function isThought({ type }: Fields): boolean {
  return typeof type === 'string' && thinkingTypes.has(type);
}

/** A thought is signed as a whole: when a part of it is secret, all of it goes. */
function isSecretThought(block: unknown, walk: Walk): boolean {
  if (!isFields(block) || !isThought(block)) return false;
  const { known } = walk.scrubber;
  const isSecret = Object.entries(block).some(([name, field]) => {
    const text = typeof field === 'string' ? field : JSON.stringify(field);
    const isBinary = name === 'signature' || name === 'data';
    return (isBinary ? known.find(text) : findSecrets(text, walk.scrubber)).length > 0;
  });
  if (isSecret) walk.blocksDropped += 1;
  return isSecret;
}

function checked(before: string, after: string, scrubber: Scrubber): string {
  if (identity(parsed(before)) !== identity(parsed(after))) {
    throw new Unchangeable('it would not be the same record without its secrets');
  }
  const again: Walk = { scrubber, replaced: 0, blocksDropped: 0 };
  scrubValue(parsed(after), again, false);
  if (again.replaced + again.blocksDropped > 0) throw new Unchangeable('a secret is left after the scrub');
  return after;
}

/** What must be the same of a record before and after: all fixed fields outside of thoughts, in their order. */
function identity(value: unknown): string {
  const facts: string[] = [];
  const visit = (item: unknown, isFree: boolean): void => {
    if (Array.isArray(item)) for (const each of item) visit(each, isFree);
    if (!isFields(item)) return;
    if (!isFree && isThought(item)) return;
    for (const [name, field] of Object.entries(item)) {
      if (!isFree && isFixed(name, field, item)) facts.push(name, field);
      else visit(field, isFree || freeFields.has(name));
    }
  };
  visit(value, false);
  return JSON.stringify(facts);
}
