import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { alphabets, type SeededRandom, seededRandom } from './seeded-random.ts';
import { readSourceFiles, type SourceFile, type SourceFiles } from './source-files.ts';

/**
 * A transcript as version 2.1.330 of the CLI writes it for an agent that works on a repository for days: it
 * reads the same files over and over, runs commands, edits, and thinks. What makes real transcripts large is in
 * it: a tool's result stands there three times (as it was sent, as the tool gave it, and in a copy of the
 * request), and files come back with most of their lines unchanged. What does not compress is in it as well:
 * ids, signatures, and new text.
 *
 * The same seed gives the same lines, and a longer transcript begins with the shorter one.
 */
export interface TranscriptOptions {
  sessionId: string;
  /** Length at which the transcript ends, after the turn it is in; bytes. */
  bytes: number;
  seed?: number;
}

const version = '2.1.330';
const workingDirectory = '/home/runner/work/orders/orders';
const model = 'claude-opus-4-5';
const writeBytes = 4 * 1024 * 1024;

/** @returns bytes written. */
export async function writeTranscript(path: string, options: TranscriptOptions): Promise<number> {
  await using file = await open(path, 'wx', 0o600);
  let held: string[] = [];
  let heldLength = 0;
  let written = 0;
  const flush = async () => {
    const bytes = Buffer.from(held.join(''));
    await file.writeFile(bytes);
    written += bytes.byteLength;
    held = [];
    heldLength = 0;
  };
  for (const turn of turns(options, await readSourceFiles())) {
    held.push(...turn);
    heldLength += turn.reduce((sum, line) => sum + line.length, 0);
    if (heldLength >= writeBytes || written + heldLength >= options.bytes) await flush();
    if (written >= options.bytes) return written;
  }
  throw new Error('The conversation came to an end');
}

interface Conversation {
  random: SeededRandom;
  sessionId: string;
  /** Files of the checkout as the agent has left them. */
  files: SourceFiles;
  words: [string, ...string[]];
  /** Files that the agent works on at the moment. */
  around: [SourceFile, ...SourceFile[]];
  /** Record that the next one answers. */
  leaf: string | null;
  clock: number;
  contextTokens: number;
  lines: string[];
}

/** Lines of one turn after another: a question, the steps of the agent, its answer. */
function* turns({ sessionId, seed = 1 }: TranscriptOptions, sources: SourceFiles): Generator<string[]> {
  const random = seededRandom(seed);
  const [first, ...others] = sources.map(({ path, lines }) => ({ path, lines: [...lines] }));
  if (first === undefined) return;
  const files: SourceFiles = [first, ...others];
  const talk: Conversation = {
    random,
    sessionId,
    files,
    words: wordsIn(files),
    around: [first],
    leaf: null,
    clock: Date.UTC(2026, 10, 2, 8),
    contextTokens: 20_000,
    lines: [],
  };
  for (;;) {
    talk.lines = [];
    oneTurn(talk);
    yield talk.lines;
  }
}

function oneTurn(talk: Conversation): void {
  const { random } = talk;
  const start = random.below(talk.files.length);
  const [file, ...more] = talk.files.slice(start, start + 4 + random.below(8));
  talk.around = file ? [file, ...more] : talk.around;
  const promptId = random.uuid();
  const instruction = `## Instruction\n\n${prose(talk, 40)}\n`;
  const { sessionId } = talk;
  add(talk, {
    type: 'queue-operation',
    operation: 'enqueue',
    timestamp: tick(talk),
    sessionId,
    content: instruction,
  });
  add(talk, { type: 'queue-operation', operation: 'dequeue', timestamp: tick(talk), sessionId });
  chained(talk, { promptId, type: 'user', message: { role: 'user', content: instruction } });
  request(talk, { role: 'user', content: instruction });
  const steps = 12 + random.below(40);
  for (let step = 0; step < steps; step += 1) {
    const kind = random.fraction();
    if (kind < 0.55) readFile(talk, promptId);
    else if (kind < 0.8) runCommand(talk, promptId);
    else editFile(talk, promptId);
  }
  answer(talk, [{ type: 'text', text: prose(talk, 120) }], 'end_turn');
  add(talk, { type: 'last-prompt', lastPrompt: instruction.slice(0, 200), leafUuid: talk.leaf, sessionId });
  add(talk, { type: 'atis-latch', atis: '', sessionId });
}

function readFile(talk: Conversation, promptId: string): void {
  const { random } = talk;
  const { path, lines } = random.pick(talk.around);
  const file_path = `${workingDirectory}/${path}`;
  const isWhole = random.fraction() < 0.75;
  const start = isWhole ? 0 : random.below(lines.length);
  const shown = lines.slice(start, isWhole ? undefined : start + 120);
  const input = isWhole ? { file_path } : { file_path, offset: start + 1, limit: 120 };
  const numbered = shown.map((line, index) => `${start + index + 1}\t${line}`).join('\n');
  useTool(talk, promptId, 'Read', input, numbered, {
    type: 'text',
    file: {
      filePath: file_path,
      content: shown.join('\n'),
      numLines: shown.length,
      startLine: start + 1,
      totalLines: lines.length,
    },
  });
}

function runCommand(talk: Conversation, promptId: string): void {
  const { random } = talk;
  const isTest = random.fraction() < 0.5;
  const command = isTest
    ? `npm test -- ${random.pick(talk.around).path}`
    : `rg -n '${random.pick(talk.words)}' packages`;
  const stdout = isTest ? testOutput(talk) : searchOutput(talk);
  useTool(talk, promptId, 'Bash', { command, description: prose(talk, 5) }, stdout, {
    stdout,
    stderr: '',
    interrupted: false,
    isImage: false,
    noOutputExpected: false,
  });
}

function testOutput({ random, files }: Conversation): string {
  const run = Array.from({ length: 40 + random.below(160) }, (_, index) => {
    const { path } = files[(index * 7) % files.length] ?? files[0];
    // Only a slow file's time is shown.
    const time = random.fraction() < 0.1 ? ` ${300 + random.below(900)}ms` : '';
    return ` ✓ ${path} (${1 + (index % 17)} tests)${time}`;
  });
  const duration = `   Duration  ${random.below(90_000)}ms`;
  return [...run, '', ` Test Files  ${run.length} passed (${run.length})`, duration].join('\n');
}

function searchOutput({ random, files }: Conversation): string {
  return Array.from({ length: 5 + random.below(30) }, () => {
    const { path, lines } = random.pick(files);
    const at = random.below(lines.length);
    return `${path}:${at + 1}:${lines[at]}`;
  }).join('\n');
}

/** An edit changes the file for everything that reads it later, and carries the whole file as it was. */
function editFile(talk: Conversation, promptId: string): void {
  const { random } = talk;
  const file = random.pick(talk.around);
  const at = random.below(Math.max(1, file.lines.length - 4));
  const old = file.lines.slice(at, at + 3);
  const changed = old.map((line) => (random.fraction() < 0.6 ? `${line} // ${prose(talk, 6)}` : line));
  const originalFile = file.lines.join('\n');
  file.lines.splice(at, old.length, ...changed);
  const filePath = `${workingDirectory}/${file.path}`;
  const [oldString, newString] = [old.join('\n'), changed.join('\n')];
  useTool(
    talk,
    promptId,
    'Edit',
    { file_path: filePath, old_string: oldString, new_string: newString },
    `The file ${filePath} has been updated successfully.`,
    {
      filePath,
      oldString,
      newString,
      originalFile,
      structuredPatch: [
        {
          oldStart: at + 1,
          oldLines: old.length,
          newStart: at + 1,
          newLines: changed.length,
          lines: [...old.map((line) => `-${line}`), ...changed.map((line) => `+${line}`)],
        },
      ],
      userModified: false,
      replaceAll: false,
    },
  );
}

type Block = { type: string } & Record<string, unknown>;

function useTool(
  talk: Conversation,
  promptId: string,
  name: string,
  input: Record<string, unknown>,
  content: string,
  toolUseResult: Record<string, unknown>,
): void {
  const { random } = talk;
  const id = `toolu_01${random.letters(22, alphabets.base62)}`;
  const blocks: Block[] = [];
  if (random.fraction() < 0.4) {
    const signature = `${random.letters(300 + random.below(1_100), alphabets.base64)}==`;
    blocks.push({ type: 'thinking', thinking: prose(talk, 20 + random.below(80)), signature });
  }
  if (random.fraction() < 0.5) blocks.push({ type: 'text', text: prose(talk, 12) });
  blocks.push({ type: 'tool_use', id, name, input });
  const sourceToolAssistantUUID = answer(talk, blocks, 'tool_use');
  const message = { role: 'user', content: [{ tool_use_id: id, type: 'tool_result', content }] };
  chained(talk, { promptId, type: 'user', message, toolUseResult, sourceToolAssistantUUID });
  talk.contextTokens =
    talk.contextTokens > 180_000 ? 30_000 : talk.contextTokens + Math.ceil(content.length / 4);
  chained(talk, {
    attachment: {
      type: 'total_tokens_reminder',
      text: `<total_tokens>${200_000 - talk.contextTokens} tokens left</total_tokens>`,
    },
    type: 'attachment',
    renderedRole: 'system',
  });
  request(talk, message);
}

/** One record for each block, all of one message. @returns uuid of the last one. */
function answer(talk: Conversation, blocks: Block[], stop_reason: string): string {
  const { random } = talk;
  const id = `msg_01${random.letters(22, alphabets.base62)}`;
  const requestId = `req_01${random.letters(22, alphabets.base62)}`;
  const usage = {
    input_tokens: random.below(12),
    cache_creation_input_tokens: random.below(9_000),
    cache_read_input_tokens: talk.contextTokens,
    output_tokens: 20 + random.below(900),
    server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
    service_tier: 'standard',
    cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: talk.contextTokens },
    speed: 'standard',
  };
  let last = '';
  for (const [apiBlockIndex, block] of blocks.entries()) {
    const message = {
      id,
      type: 'message',
      role: 'assistant',
      model,
      content: [block],
      stop_reason,
      stop_sequence: null,
      usage,
    };
    last = chained(talk, {
      message,
      apiBlockIndex,
      requestId,
      requestedModel: model,
      type: 'assistant',
      madeBy: 'model',
    });
  }
  return last;
}

/** What the CLI notes down of a request: the new message, and how the request is put together. */
function request(talk: Conversation, message: Record<string, unknown>): void {
  const { random, sessionId } = talk;
  const hash = createHash('sha256').update(JSON.stringify(message)).digest('hex');
  add(talk, { type: 'api-request-blob', sessionId, hash, message });
  add(talk, {
    type: 'api-request',
    sessionId,
    id: random.uuid(),
    timestamp: tick(talk),
    version,
    querySource: 'sdk',
    params: { model, max_tokens: 32_000, thinking: { budget_tokens: 31_999, type: 'enabled' } },
    tail: [hash],
    cacheControl: [{ path: ['system', 0], value: { type: 'ephemeral' } }],
  });
}

/** Adds a record that answers the one before it. @returns its uuid. */
function chained(talk: Conversation, record: Record<string, unknown>): string {
  const uuid = talk.random.uuid();
  add(talk, {
    parentUuid: talk.leaf,
    isSidechain: false,
    ...record,
    uuid,
    timestamp: tick(talk),
    userType: 'external',
    entrypoint: 'sdk-cli',
    cwd: workingDirectory,
    sessionId: talk.sessionId,
    version,
    gitBranch: 'dexter/orders-17',
  });
  talk.leaf = uuid;
  return uuid;
}

function add(talk: Conversation, record: Record<string, unknown>): void {
  talk.lines.push(`${JSON.stringify(record)}\n`);
}

function tick(talk: Conversation): string {
  talk.clock += 1 + talk.random.below(4_000);
  return new Date(talk.clock).toISOString();
}

/** Words that the code itself uses, the first ones most often, as in any text. */
function prose({ random, words }: Conversation, count: number): string {
  return Array.from({ length: count }, () => words[Math.floor(words.length * random.fraction() ** 3)]).join(
    ' ',
  );
}

function wordsIn(files: SourceFiles): [string, ...string[]] {
  const seen = new Set<string>();
  for (const { lines } of files) {
    for (const line of lines) for (const word of line.match(/[a-z]{3,12}/g) ?? []) seen.add(word);
    if (seen.size > 3_000) break;
  }
  return ['the', ...seen];
}
