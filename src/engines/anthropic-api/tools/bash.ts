import type { BetaRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';
import { z } from 'zod';
import { commandToRun } from '../permission-rules.ts';
import { steppedInto } from '../shell-command.ts';
import { type CommandEnd, type CommandOptions, runCommand } from './run-command.ts';
import { Denied } from './tool-failure.ts';
import type { Workplace } from './workplace.ts';

const usualTimeoutMs = 120_000;
const longestTimeoutMs = 600_000;

const input = z.object({
  command: z
    .string()
    .max(100_000)
    .refine((text) => !text.includes('\0'), 'must not hold a zero byte')
    .describe('The command'),
  timeout: z.number().int().min(1).max(longestTimeoutMs).default(usualTimeoutMs).describe('Milliseconds'),
  description: z.string().optional().describe('What it is for, in a few words'),
});

export type BashOptions = Pick<CommandOptions, 'env' | 'isolate' | 'temporaryDirectory'> & {
  rules: readonly string[];
  workingDirectory: string;
};

/** Each command has a shell of its own in the checkout, so that none can prepare anything for the next one. */
export function bashTool({ confinement, define, realDirectory }: Workplace, options: BashOptions) {
  const over = new AbortController();
  const running = new Set<Promise<unknown>>();
  const { rules, workingDirectory } = options;
  const tool: BetaRunnableTool = define({
    name: 'Bash',
    description:
      'Runs a command in the working directory and shows what it prints. Each command starts there anew, without input, and is ended with all that it started after `timeout`. Only commands that the permission rules of this run name are allowed, joined by `&&`, `||`, `;` or `|`: no variables, substitutions, redirections to files, line breaks or `&`. Use the other tools to read, search and change files.',
    input,
    changes: true,
    async run({ command, timeout }, signal) {
      const allowed = commandToRun(rules, { input: { command }, workingDirectory });
      if (allowed === undefined) throw notAllowed(command, rules);
      const target = steppedInto(allowed);
      if (target !== undefined) {
        // A link may lead out of the checkout.
        const place = await confinement.place('LS', target).catch(() => undefined);
        if (place?.root !== realDirectory) throw notAllowed(command, rules);
      }
      const stop = AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])]);
      const run = runCommand(allowed, { ...options, cwd: realDirectory, timeoutMs: timeout, stop });
      running.add(run);
      try {
        return answerTo(await run, timeout);
      } finally {
        running.delete(run);
      }
    },
  });
  async function close(): Promise<void> {
    over.abort();
    await Promise.allSettled(running);
  }
  return { tool, close };
}

function notAllowed(command: string, rules: readonly string[]): Denied {
  const named = rules.filter((rule) => rule.startsWith('Bash(')).map((rule) => `\`${rule.slice(5, -1)}\``);
  const hint =
    named.length === 0
      ? 'Work with the other tools.'
      : `Allowed are: ${named.join(', ')}; joined by \`&&\`, \`||\`, \`;\` or \`|\`, without variables, substitutions, assignments, redirections to files, line breaks and \`&\`.`;
  return new Denied('Bash', `no rule allows all of \`${command.slice(0, 300)}\``, hint);
}

/** In the CLI's words, which the model knows. */
function answerTo({ output, code, reason }: CommandEnd, timeoutMs: number): string {
  if (reason === 'time') {
    throw new ToolError(
      `Command timed out after ${timeoutMs / 1000} s, and was ended with all that it started.\n${output}`.trim(),
    );
  }
  if (reason === 'stopped') throw new ToolError(`The command was stopped.\n${output}`.trim());
  if (reason === 'not-started') {
    throw new ToolError('The shell could not be started on this runner. Work with the other tools.');
  }
  if (code !== 0) throw new ToolError(`Exit code ${code}\n${output}`.trim());
  return output === '' ? '(Bash completed with no output)' : output;
}
