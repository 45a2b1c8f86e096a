import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BetaRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import type { Program } from '../../claude-code/isolation.ts';
import { offeredTools } from '../../offered-tools.ts';
import { bashTool } from './bash.ts';
import { confinement } from './confinement.ts';
import { editTool } from './edit.ts';
import { globTool } from './glob.ts';
import { grepTool } from './grep.ts';
import { listTool } from './list.ts';
import { readTool } from './read.ts';
import { definer, seenFiles, type Workplace } from './workplace.ts';
import { writeTool } from './write.ts';

export interface BuiltInToolsOptions {
  /** Absolute path of the checkout. */
  workingDirectory: string;
  /** Permission rules in the CLI's syntax. */
  allowedTools: readonly string[];
  /** Tools to describe, whether a rule allows them or not; those that the rules can allow without. */
  tools?: readonly string[] | undefined;
  /** The environment of commands, all of it; its `HOME` is `~/` in rules. */
  env: Readonly<Record<string, string>>;
  /** Puts a program where it sees less of the machine. */
  isolate?: ((program: Program) => Program) | undefined;
  /** Absolute path, for what commands write for a while. */
  temporaryDirectory: string;
  /**
   * Paths that are not opened whatever a rule says, but for those of `kept` within: what `isolate` hides. With an
   * isolation and without this, rules open nothing outside of the directory that `temporaryDirectory` is in.
   */
  hidden?: { hidden: readonly string[]; kept: readonly string[] } | undefined;
  /** A call was denied by the rules or by the bounds of the checkout. */
  onDenied: (name: string) => void;
}

export interface BuiltInTools {
  /** Sorted by name, and the same bytes for the same rules. */
  tools: BetaRunnableTool[];
  /** Ends what still runs. */
  close(): Promise<void>;
}

/** The tools of the direct engine, under the CLI's names: those that a rule can allow or that need none. */
export function builtInTools(options: BuiltInToolsOptions): BuiltInTools {
  const { workingDirectory, allowedTools, env, hidden, isolate, temporaryDirectory, onDenied } = options;
  const workplace: Workplace = {
    confinement: confinement({
      workingDirectory,
      rules: allowedTools,
      homeDirectory: env.HOME,
      hidden: hidden?.hidden ?? [],
      kept: hidden?.kept ?? [],
      // What the isolation hides is not known: then rules open nothing but the directory of the session.
      onlyWithin: isolate !== undefined && hidden === undefined ? dirname(temporaryDirectory) : undefined,
    }),
    realDirectory: realpathSync(workingDirectory),
    seen: seenFiles(),
    define: definer(onDenied),
  };
  const bash = bashTool(workplace, {
    rules: allowedTools,
    workingDirectory,
    env,
    isolate,
    temporaryDirectory,
  });
  const all = [
    bash.tool,
    editTool(workplace),
    globTool(workplace),
    grepTool(workplace),
    listTool(workplace),
    readTool(workplace),
    writeTool(workplace),
  ];
  const wanted = new Set(options.tools ?? offeredTools(allowedTools));
  // The CLI has no list tool any more, so that nobody names it: it goes along with Glob.
  const isOffered = (name: string) => wanted.has(name) || (name === 'LS' && wanted.has('Glob'));
  return { tools: all.filter((tool) => isOffered(tool.name)), close: bash.close };
}
