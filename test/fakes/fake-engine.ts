import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { noUsage, type Usage } from '../../src/core/report.ts';
import type {
  CompactionTask,
  Engine,
  EngineEvent,
  EngineResult,
  EngineTask,
} from '../../src/engines/engine.ts';

/** One answer of the model that is not there. */
export interface FakeTurn {
  text: string;
  /** The tool that it calls; a turn without one is the last. */
  tool?: string;
  /** No rule allows it. */
  isDenied?: boolean;
  /** What the tool does; it may wait for the signal. */
  does?: (signal: AbortSignal) => Promise<void>;
}

export interface FakeEngineOptions {
  /** What is answered to a task; one turn without a tool when absent. */
  turns?: (task: EngineTask) => readonly FakeTurn[];
  /** What goes wrong with the next answers. */
  faults?: ('silence' | 'empty')[];
  /** Name of the folder under `projects/` that sessions are kept in. */
  projectFolder?: (task: Pick<EngineTask, 'configDirectory'>) => string | Promise<string>;
  /** In place of what it does itself. */
  compact?: (task: CompactionTask) => ReturnType<Engine['compact']>;
}

export interface FakeEngine extends Engine {
  /** All that it was asked to do. */
  tasks: EngineTask[];
  compactions: CompactionTask[];
  /** Whether it waits for an answer that does not come. */
  isWaiting(): boolean;
}

type Record = { uuid: string; [field: string]: unknown };

const model = 'claude-fake-1';
const usageOfAnswer: Usage = { inputTokens: 10, cacheReadTokens: 20, cacheWriteTokens: 30, outputTokens: 40 };
const costOfAnswer = 0.25;

/** An engine without a model, a process or a tool: it says what it is told to, and keeps sessions as others do. */
export function fakeEngine({
  turns = () => [{ text: 'Fake answer.' }],
  faults = [],
  projectFolder = () => 'work',
  compact,
}: FakeEngineOptions = {}): FakeEngine {
  const tasks: EngineTask[] = [];
  const compactions: CompactionTask[] = [];
  let waiting = 0;

  return {
    tasks,
    compactions,
    isWaiting: () => waiting > 0,

    async run(task, onEvent, signal) {
      tasks.push(task);
      const session = await open(task.sessionId, task);
      const run: Run = { said: [], answers: 0, denials: [] };
      const end = (stopReason: EngineResult['stopReason'], detail?: string) =>
        resultOf(task, run, stopReason, detail);
      if (task.mode === 'resume' && session.records.length === 0) {
        return end('session-lost', `There is no conversation with the id ${task.sessionId}.`);
      }
      if (task.mode === 'fresh' && session.records.length > 0) {
        return end('failed', `There is a session with the id ${task.sessionId} already.`);
      }
      if (signal.aborted) return end('cancelled');
      onEvent({ type: 'started', sessionId: task.sessionId, model, version: '9.9.9', failedServers: [] });
      await session.add('user', task.prompt);
      for (const turn of turns(task)) {
        if (task.maxTurns !== undefined && run.answers >= task.maxTurns) return end('turns');
        if ((await answered(signal)) === 'empty') return end('failed', 'The model answered with nothing.');
        if (signal.aborted) return end('cancelled');
        run.answers += 1;
        run.said.push(turn.text);
        const id = `toolu_${randomUUID()}`;
        await session.add('assistant', contentOf(turn, id));
        tell(onEvent, turn, run);
        const isOverBudget = task.maxBudgetUsd !== undefined && costOf(run) >= task.maxBudgetUsd;
        if (turn.tool !== undefined) {
          if (turn.isDenied) run.denials.push(turn.tool);
          else if (!isOverBudget) await turn.does?.(signal);
          await session.add('user', [{ type: 'tool_result', tool_use_id: id, content: 'Done.' }]);
        }
        if (isOverBudget) return end('budget');
        if (signal.aborted) return end('cancelled');
      }
      return end('completed');
    },

    async compact(task, signal) {
      compactions.push(task);
      if (compact !== undefined) return await compact(task);
      const nothing = { outcome: 'failed', usage: noUsage, costUsd: 0, durationMs: 0 } as const;
      const session = await open(task.sessionId, task);
      if (session.records.length === 0) return { ...nothing, reason: 'model', detail: 'No conversation.' };
      const answer = await answered(signal);
      if (signal.aborted) return { ...nothing, reason: 'cancelled', detail: 'The run was ended.' };
      if (answer === 'empty') return { ...nothing, reason: 'no-summary', detail: 'There is no summary.' };
      const copy = await open(task.copyId, task);
      await copy.add('user', 'A summary.', { isCompactSummary: true });
      return { outcome: 'compacted', usage: usageOfAnswer, costUsd: costOfAnswer, durationMs: 1 };
    },
  };

  async function answered(signal: AbortSignal): Promise<'answer' | 'empty'> {
    const fault = faults.shift();
    if (fault === 'silence' && !signal.aborted) {
      waiting += 1;
      await once(signal, 'abort');
      waiting -= 1;
    }
    return fault === 'empty' ? 'empty' : 'answer';
  }

  async function open(sessionId: string, task: Pick<EngineTask, 'configDirectory'>) {
    const path = join(task.configDirectory, 'projects', await projectFolder(task), `${sessionId}.jsonl`);
    const text = await readFile(path, 'utf8').catch(() => '');
    const records: Record[] = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    return {
      records,
      async add(role: 'user' | 'assistant', content: unknown, more: object = {}) {
        const record = {
          ...{ type: role, uuid: randomUUID(), parentUuid: records.at(-1)?.uuid ?? null, sessionId },
          ...{ message: { role, content, ...(role === 'assistant' && { model }) }, ...more },
        };
        records.push(record);
        await mkdir(dirname(path), { recursive: true });
        await appendFile(path, `${JSON.stringify(record)}\n`);
      },
    };
  }
}

interface Run {
  said: string[];
  answers: number;
  denials: string[];
}

const costOf = ({ answers }: Run): number => answers * costOfAnswer;

function usageOf({ answers }: Run): Usage {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens } = usageOfAnswer;
  return {
    inputTokens: answers * inputTokens,
    cacheReadTokens: answers * cacheReadTokens,
    cacheWriteTokens: answers * cacheWriteTokens,
    outputTokens: answers * outputTokens,
  };
}

function contentOf({ text, tool }: FakeTurn, id: string): object[] {
  const use = tool === undefined ? [] : [{ type: 'tool_use', id, name: tool, input: {} }];
  return [{ type: 'text', text }, ...use];
}

function tell(onEvent: (event: EngineEvent) => void, { text, tool }: FakeTurn, run: Run): void {
  onEvent({ type: 'text', text });
  if (tool !== undefined) onEvent({ type: 'tool', name: tool, input: {} });
  onEvent({ type: 'usage', usage: usageOf(run), costUsd: costOf(run), answers: run.answers, isMain: true });
}

function resultOf(
  { sessionId }: EngineTask,
  run: Run,
  stopReason: EngineResult['stopReason'],
  detail: string | undefined,
): EngineResult {
  return {
    stopReason,
    summary: stopReason === 'session-lost' ? '' : (run.said.at(-1) ?? ''),
    ...(detail !== undefined && { detail }),
    sessionId,
    model,
    version: '9.9.9',
    usage: usageOf(run),
    unpricedModels: [],
    contextTokens: run.answers === 0 ? 0 : 100,
    requests: run.answers,
    costUsd: costOf(run),
    turns: run.answers,
    denials: run.denials,
  };
}
