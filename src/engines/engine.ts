import type { Usage } from '../core/report.ts';
import type { SessionMode } from '../core/session.ts';

export interface EngineTask {
  /** Everything the engine is told this time: context or delta as data, the instruction last. */
  prompt: string;
  /** Session to start or to continue, a UUID. */
  sessionId: string;
  mode: SessionMode;
  /** Absolute path of the checkout. */
  workingDirectory: string;
  /** Absolute path of the session's own configuration directory (`CLAUDE_CONFIG_DIR`). */
  configDirectory: string;
  model?: string;
  /** Level in the CLI's words; absent for its own default. */
  effort?: string;
  maxBudgetUsd?: number;
  maxTurns?: number;
  /** Absolute path of a file that says which MCP servers there are; none without. */
  mcpConfigFile?: string;
  /** Permission rules in the CLI's syntax; what is not allowed is denied without asking. */
  allowedTools: string[];
  /** Built-in tools that are described to the model, in the CLI's words; absent for its own default. */
  tools?: readonly string[];
}

/** What the engine does while it works. Texts and inputs come from the model: untrusted. */
export type EngineEvent =
  | {
      type: 'started';
      sessionId: string;
      model: string;
      version: string;
      /** Names of MCP servers whose tools are not there. */
      failedServers: readonly string[];
    }
  | { type: 'text'; text: string }
  | { type: 'tool'; name: string; input: Record<string, unknown> }
  /**
   * Tokens and US dollars so far, output as far as it is known, and how many requests the model has answered. `isMain`:
   * the newest answer is not a sub-agent's.
   */
  | { type: 'usage'; usage: Usage; costUsd: number | null; answers: number; isMain: boolean };

export type StopReason =
  | 'completed'
  | 'budget'
  | 'turns'
  | 'cancelled'
  /** The session to resume is unknown to the engine or it refused its transcript: start fresh. */
  | 'session-lost'
  | 'logged-out'
  | 'failed';

export interface EngineResult {
  stopReason: StopReason;
  /** Last answer, Markdown, untrusted; empty when there was none. */
  summary: string;
  /** What went wrong, for `failed`, `logged-out` and `session-lost`: safe to show, without secrets. */
  detail?: string;
  sessionId: string;
  model: string | null;
  version: string;
  usage: Usage;
  /** Models that were asked and whose price nobody knows: the cost is null for them. */
  unpricedModels: string[];
  /** Models whose price only the engine's own list has; absent when there was none. */
  enginePricedModels?: string[];
  /** What the first request of the conversation in this run read and wrote; absent when none was answered. */
  firstRequest?: Usage;
  /** Tokens in the last request: what a resume has to bring back. */
  contextTokens: number;
  /** Requests of the main conversation that were answered. */
  requests: number;
  /** US dollars, also of a run that was cut short; null when a price is not known. */
  costUsd: number | null;
  turns: number;
  /** Names of tools that were denied, one entry per denial. */
  denials: string[];
}

/** A session to be summed up, with all that its prompt cache depends on. */
export interface CompactionTask
  extends Omit<EngineTask, 'prompt' | 'mode' | 'maxBudgetUsd' | 'maxTurns' | 'sessionId'> {
  /** Session that is summed up; it stays as it is. */
  sessionId: string;
  /** Session that is made, a UUID. */
  copyId: string;
  /** What the summary has to hold, one paragraph. */
  instructions: string;
  timeLimitMs: number;
}

export type CompactionResult = {
  usage: Usage;
  /** US dollars; null when the engine could not say. */
  costUsd: number | null;
  durationMs: number;
} & (
  | { outcome: 'compacted' }
  /** There is no copy, or none that can be relied on; `detail` is safe to show, without secrets. */
  | { outcome: 'failed'; reason: 'no-summary' | 'time' | 'model' | 'cancelled'; detail: string }
);

/** What talks to the model. */
export interface Engine {
  /**
   * Runs one task to its end. Never rejects for what the engine or the model does: that is in `stopReason`.
   * Rejects with AppError `engine-missing` when there is no engine to run.
   * When `signal` aborts, the engine ends the turn so that the session can be resumed, and answers `cancelled`.
   */
  run(task: EngineTask, onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<EngineResult>;

  /**
   * Makes a copy of a session under an id of its own that begins with a summary instead of the conversation, which is
   * read from the prompt cache for it. Never rejects for what the engine or the model does, and never touches the
   * session itself. The copy is as the engine leaves it: whoever keeps it looks whether a summary is in it.
   */
  compact(task: CompactionTask, signal: AbortSignal): Promise<CompactionResult>;
}
