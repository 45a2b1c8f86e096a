import { createHash } from 'node:crypto';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import type { BetaRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';
import type { BetaTool, BetaToolResultContentBlockParam } from '@anthropic-ai/sdk/resources/beta';
import { z } from 'zod';
import type { Confinement, Place } from './confinement.ts';
import { Denied } from './tool-failure.ts';

/** What every tool is built from. */
export interface Workplace {
  confinement: Confinement;
  /** The checkout, where links lead. */
  realDirectory: string;
  seen: SeenFiles;
  define: Define;
}

export interface ToolDefinition<Input extends z.ZodType> {
  name: string;
  description: string;
  input: Input;
  /** Whether it may change a file: then nothing else runs beside it. */
  changes: boolean;
  run(
    input: z.infer<Input>,
    signal: AbortSignal | undefined,
  ): Promise<string | BetaToolResultContentBlockParam[]>;
}

export type Define = <Input extends z.ZodType>(definition: ToolDefinition<Input>) => BetaRunnableTool;

/**
 * A tool of the SDK that checks its input, keeps to the order of the calls and tells of denials. The runner starts the
 * calls of one answer together: what reads may run beside what reads, and what changes something waits and is waited
 * for, so that a test sees the edit that stands before it.
 */
export function definer(onDenied: (name: string) => void): Define {
  const line = waitingLine();
  return ({ name, description, input, changes, run }) => ({
    ...betaZodTool({
      name,
      description,
      inputSchema: input,
      run: (parsed, context) =>
        line(changes, async () => {
          try {
            context?.signal?.throwIfAborted();
            return await run(parsed, context?.signal ?? undefined);
          } catch (error) {
            if (error instanceof Denied) onDenied(name);
            if (error instanceof ToolError) throw error;
            if (context?.signal?.aborted) throw new ToolError(`${name} was stopped.`);
            throw new ToolError(`${name} failed for a reason of its own. Try it another way.`);
          }
        }),
    }),
    input_schema: described(input),
    parse: (given: unknown) => {
      const parsed = parse(input, given);
      if (parsed.success) return parsed.data;
      throw new ToolError(`The input of ${name} cannot be used:\n${z.prettifyError(parsed.error)}`);
    },
  });
}

/** The schema as the model is told it: what has a default may be left out, and nothing is said twice. */
function described(input: z.ZodType): BetaTool.InputSchema {
  const { $schema, ...schema } = z.toJSONSchema(input, { io: 'input', reused: 'inline' });
  return { ...schema, type: 'object' };
}

/** Models write `"5"` and `"true"` now and then: where that is what does not fit, it is taken for what it says. */
function parse<Input extends z.ZodType>(input: Input, given: unknown): z.ZodSafeParseResult<z.infer<Input>> {
  const parsed = input.safeParse(given);
  if (parsed.success || typeof given !== 'object' || given === null) return parsed;
  const wrong = new Set(parsed.error.issues.map(({ path }) => path[0]));
  const entries = Object.entries(given).map(([name, value]): [string, unknown] => {
    const isMeant = wrong.has(name) && typeof value === 'string' && /^(?:\d{1,9}|true|false)$/.test(value);
    return [name, isMeant ? JSON.parse(value) : value];
  });
  const again = input.safeParse(Object.fromEntries(entries));
  return again.success ? again : parsed;
}

/** Runs what is alone by itself and the rest side by side, in the order of the calls. */
function waitingLine(): <Result>(alone: boolean, run: () => Promise<Result>) => Promise<Result> {
  let lastAlone: Promise<unknown> = Promise.resolve();
  let sinceThen: Promise<unknown>[] = [];
  return (alone, run) => {
    const before = alone ? Promise.all([lastAlone, ...sinceThen]) : lastAlone;
    const result = before.then(run);
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    if (alone) {
      lastAlone = settled;
      sinceThen = [];
    } else sinceThen.push(settled);
    return result;
  };
}

/** What the conversation knows of the files: only what was seen as it is may be overwritten as a whole. */
export interface SeenFiles {
  note(place: Place, bytes: Uint8Array): void;
  isAsSeen(place: Place, bytes: Uint8Array): boolean;
}

export function seenFiles(): SeenFiles {
  const digests = new Map<string, string>();
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64');
  return {
    note: ({ path }, bytes) => void digests.set(path, digest(bytes)),
    isAsSeen: ({ path }, bytes) => digests.get(path) === digest(bytes),
  };
}

export function isMissing({ shown }: Place): ToolError {
  return new ToolError(`There is no file ${shown}. Look with Glob or LS for what there is.`);
}
