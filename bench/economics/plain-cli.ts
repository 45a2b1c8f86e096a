import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { defaultAllowedTools } from '../../action/inputs.ts';
import { machinePath } from '../../demo/machine-path.ts';
import { renderPrompt } from '../../src/context/prompt.ts';
import type { SessionMode } from '../../src/core/session.ts';
import { checkOut, commitAndPush, type Ground } from './ground.ts';
import { issueKey, modelKey, modelName } from './names.ts';
import type { Contestant, Strategy } from './strategy.ts';
import type { Step } from './workload.ts';

export const claudePath = join(import.meta.dirname, '../../node_modules/.bin/claude');

/**
 * A new conversation for each command with the CLI's defaults, on a runner that knows nothing of the one before: what
 * claude-code-action does. It passes the prompt, the permission rules and the model, reads the settings of user and
 * project, and leaves tools, system prompt and prompt cache as the CLI has them
 * (https://github.com/anthropics/claude-code-action, base-action/src/parse-sdk-options.ts).
 */
export const cold: Strategy = { name: 'cold', open: (ground) => openPlainCli(ground, 'cold') };

/** The same CLI, and always the whole conversation, on a disk that outlives the run: what mapthew does. */
export const fullResume: Strategy = { name: 'full resume', open: (ground) => openPlainCli(ground, 'resume') };

const Result = z.object({
  type: z.literal('result'),
  is_error: z.boolean(),
  result: z.string().optional(),
  num_turns: z.number(),
  total_cost_usd: z.number(),
});

async function openPlainCli(ground: Ground, mode: 'cold' | 'resume'): Promise<Contestant> {
  const at = (name: string) => join(ground.directory, name);
  const checkout = at('shop');
  await checkOut(ground, checkout);
  let session: string | undefined;
  /** What the CLI has told of a conversation so far, as it counts on where one is resumed. */
  let told = 0;

  return {
    async run(step, earlier) {
      if (mode === 'cold') {
        session = undefined;
        told = 0;
        await rm(at('home'), { recursive: true, force: true });
      }
      await mkdir(at('home'), { recursive: true });
      const isNew = session === undefined;
      session ??= randomUUID();
      const { stdout, stderr } = await execa(
        claudePath,
        [...flags, isNew ? '--session-id' : '--resume', session, ...rules],
        {
          cwd: checkout,
          input: isNew ? promptFor('fresh', [...earlier, step]) : promptFor('resume', [step]),
          reject: false,
          cancelSignal: ground.signal,
          extendEnv: false,
          env: environment(ground),
        },
      );
      const result = resultIn(stdout);
      if (result === undefined || result.is_error) {
        throw new Error(`Claude Code failed: ${result?.result ?? stderr.slice(-500)}`);
      }
      await commitAndPush(checkout, step.instruction);
      const reportedUsd = result.total_cost_usd - told;
      told = result.total_cost_usd;
      return { reportedUsd, turns: result.num_turns };
    },
  };
}

const flags = [
  '-p',
  ...['--output-format', 'stream-json', '--verbose', '--model', modelName],
  ...['--permission-mode', 'dontAsk', '--setting-sources', 'user,project,local'],
];

/** The same for all. */
const rules = ['--allowedTools', ...defaultAllowedTools];

function environment({ directory, model }: Ground): Record<string, string> {
  return {
    PATH: [dirname(process.execPath), machinePath].join(delimiter),
    HOME: join(directory, 'home'),
    TMPDIR: join(directory, 'home'),
    CLAUDE_CODE_ENTRYPOINT: 'claude-code-github-action',
    ANTHROPIC_API_KEY: modelKey,
    ANTHROPIC_BASE_URL: model.url,
    // There is nobody to talk to but the model.
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
  };
}

/** A conversation that begins is told all that stands on the ticket, the others what is new; in the words of Dexter's prompts. */
function promptFor(mode: SessionMode, untold: readonly [...Step[], Step]): string {
  return renderPrompt({
    issueKey,
    mode,
    context: {
      kind: mode === 'fresh' ? 'all' : 'news',
      markdown: untold.map(({ news }) => news).join('\n\n'),
    },
    instruction: untold.at(-1)?.instruction ?? '',
    notices: [],
  });
}

function resultIn(stdout: string): z.infer<typeof Result> | undefined {
  for (const line of stdout.split('\n').reverse()) {
    if (!line.includes('"type":"result"')) continue;
    const parsed = Result.safeParse(JSON.parse(line));
    if (parsed.success) return parsed.data;
  }
  return undefined;
}
