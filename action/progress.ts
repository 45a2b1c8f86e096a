import { redact } from '../src/core/redact.ts';
import type { Progress, PullRequestRef } from '../src/core/report.ts';
import type { EngineEvent } from '../src/engines/engine.ts';

const keptLines = 20;
const longestLine = 200;

/** What is known of a run while it goes on, ready to be sent. */
export interface ProgressBoard {
  current(): Progress;
  step(text: string): void;
  /** From now on nobody knows what the run costs, until the first answer says it. */
  engineBegins(): void;
  engineEvent(event: EngineEvent): void;
  pullRequest(pullRequest: PullRequestRef): void;
  /** The checkout: paths are shown relative to it from now on. */
  workingIn(directory: string): void;
}

export interface BoardOptions {
  secrets: readonly string[];
  /** Called with each new line or step, which are safe to print, one line each. */
  onChange: (shown: string) => void;
}

export function progressBoard({ secrets, onChange }: BoardOptions): ProgressBoard {
  let state: Progress = { step: 'Starting', turns: 0, lines: [], costUsd: 0 };
  let directory = '';
  const change = (next: Partial<Progress>) => {
    state = { ...state, ...next };
    onChange(state.step);
  };

  return {
    current: () => state,
    step: (text) => change({ step: text }),
    engineBegins() {
      state = { ...state, costUsd: null };
    },
    pullRequest: (pullRequest) => change({ pullRequest }),
    workingIn: (path) => {
      directory = path;
    },
    engineEvent(event) {
      if (event.type === 'usage') {
        // Part of what the next line says anyway; no news of its own.
        state = { ...state, turns: event.answers, costUsd: event.costUsd };
        return;
      }
      const line = describe(event, directory);
      if (line === undefined) return;
      const shown = oneLine(redact(line, secrets));
      change({ step: shown, lines: [...state.lines, shown].slice(-keptLines) });
    },
  };
}

/** One line about an event, or undefined for one that nobody needs to see. Names and paths are the model's. */
export function describe(event: EngineEvent, directory: string): string | undefined {
  if (event.type === 'text') return event.text.trim() === '' ? undefined : event.text.trim();
  if (event.type !== 'tool') return undefined;
  const { name, input } = event;
  const path = input.file_path ?? input.path ?? input.notebook_path;
  if (name === 'Bash' && typeof input.command === 'string') return `Run ${input.command}`;
  if ((name === 'Glob' || name === 'Grep') && typeof input.pattern === 'string') {
    return `Search ${input.pattern}`;
  }
  return typeof path === 'string' ? `${name} ${relativeTo(directory, path)}` : name;
}

function relativeTo(directory: string, path: string): string {
  return directory !== '' && path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : path;
}

function oneLine(text: string): string {
  const flat = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return flat.length <= longestLine ? flat : `${flat.slice(0, longestLine - 1)}…`;
}
