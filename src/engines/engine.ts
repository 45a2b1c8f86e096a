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
  /** Tokens so far, and how many requests the model has answered. */
  | { type: 'usage'; usage: Usage; answers: number };

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
  /** What the first request of the conversation in this run read and wrote; absent when none was answered. */
  firstRequest?: Usage;
  /** Tokens in the last request: what a resume has to bring back. */
  contextTokens: number;
  costUsd: number | null;
  turns: number;
  /** Names of tools that were denied, one entry per denial. */
  denials: string[];
}

/** What talks to the model. */
export interface Engine {
  /**
   * Runs one task to its end. Never rejects for what the engine or the model does: that is in `stopReason`.
   * Rejects with AppError `engine-missing` when there is no engine to run.
   * When `signal` aborts, the engine ends the turn so that the session can be resumed, and answers `cancelled`.
   */
  run(task: EngineTask, onEvent: (event: EngineEvent) => void, signal: AbortSignal): Promise<EngineResult>;
}
