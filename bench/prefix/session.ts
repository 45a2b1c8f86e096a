import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { countTokens } from '../../demo/model/prompt-cache.ts';
import { type LoggedRequest, type Model, startModel } from '../../demo/model/server.ts';
import type { Task } from '../../demo/model/task.ts';
import { anyVersion } from '../../src/engines/claude-code/any-version.ts';
import { claudeCode } from '../../src/engines/claude-code/claude-code.ts';
import { offeredTools } from '../../src/engines/offered-tools.ts';
import { projectFolder } from '../../src/sessions/session-files.ts';
import { pathForTools, realClaude } from '../../test/fakes/real-claude.ts';

export interface Ground {
  directory: string;
  log: (message: string) => void;
}

/** What a run of the CLI is given; the same for each run but for what is looked at. */
export interface Given {
  command: string;
  /** The CLI's own choice when absent. */
  model: string | undefined;
  effort: string | undefined;
  rules: string[];
  /** In place of those that follow from the rules. */
  tools: string[] | 'default' | undefined;
  /** For the CLI, before Dexter's own. */
  flags: string[];
  env: Record<string, string>;
  checkout: string;
  mcpConfigFile: string | undefined;
  cacheLife: '5m' | '1h';
}

/** One runner with one checkout, and a model of its own. */
export interface Place {
  root: string;
  model: Model;
  given: Given;
  /** Runs one instruction; what the model was asked by the conversation itself. */
  say(instruction: string, given: Given): Promise<LoggedRequest[]>;
  /** The next instruction begins another conversation. */
  forget(): void;
  git(...args: string[]): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const rules = ['Read(./**)', 'Edit(./**)', 'Glob', 'Grep', 'Bash(npm test)', 'Bash(npm test *)'];

const files = 40;
const read = 30;
export const fileName = (at: number) => `src/file-${at}.ts`;

const tasks: Task[] = [
  {
    match: /begin/,
    needs: Array.from({ length: read }, (_, at) => fileName(at)),
    edits: [],
    run: [],
    answer: 'Read.',
  },
  { match: /go on/, needs: [fileName(read)], edits: [], run: [], answer: 'Read more.' },
];

/** A repository of which the first instruction reads some 40,000 tokens. */
export async function openPlace({ directory }: Ground): Promise<Place> {
  const root = await mkdtemp(join(directory, 'place-'));
  const path = (name: string) => join(root, name);
  for (const name of ['checkout/src', 'config', 'home', 'tmp']) await mkdir(path(name), { recursive: true });
  for (let at = 0; at < files; at += 1) await writeFile(path(`checkout/${fileName(at)}`), sourceOf(at));
  await writeFile(path('config/CLAUDE.md'), '# Rules\n\nTests first.\n');
  const git = async (...args: string[]) => {
    await execa('git', ['-c', 'user.name=Maria', '-c', 'user.email=maria@example.com', ...args], {
      cwd: path('checkout'),
    });
  };
  await git('init', '-q', '-b', 'main');
  await git('add', '.');
  await git('commit', '-q', '-m', 'Begin');
  const model = await startModel({ tasks });
  const known = new Set<string>();
  let sessionId: string = randomUUID();

  return {
    root,
    model,
    git,
    given: {
      command: realClaude,
      model: 'claude-sonnet-4-5',
      effort: undefined,
      rules,
      tools: undefined,
      flags: [],
      env: {},
      checkout: path('checkout'),
      mcpConfigFile: undefined,
      cacheLife: '5m',
    },
    async say(instruction, given) {
      const options = {
        command: given.command,
        env: { PATH: pathForTools, LANG: 'C.UTF-8', ...given.env },
        homeDirectory: path('home'),
        temporaryDirectory: path('tmp'),
        projectFolder,
        cacheLife: given.cacheLife,
      };
      const isolate = ({ command, args }: { command: string; args: string[] }) => ({
        command,
        args: [...given.flags, ...args],
      });
      const engine = anyVersion(
        claudeCode({ ...options, baseUrl: model.url, apiKey: 'run-key', isolate }),
        options,
      );
      const before = model.requests.length;
      const { tools } = given;
      const result = await engine.run(
        {
          prompt: `## Instruction\n\n${instruction}\n`,
          sessionId,
          mode: known.has(sessionId) ? 'resume' : 'fresh',
          workingDirectory: given.checkout,
          configDirectory: path('config'),
          ...(given.model === undefined ? {} : { model: given.model }),
          allowedTools: given.rules,
          ...(given.effort === undefined ? {} : { effort: given.effort }),
          ...(given.mcpConfigFile === undefined ? {} : { mcpConfigFile: given.mcpConfigFile }),
          ...(tools === 'default' ? {} : { tools: tools ?? offeredTools(given.rules) }),
        },
        () => undefined,
        new AbortController().signal,
      );
      if (result.stopReason !== 'completed') {
        throw new Error(`The CLI ended with ${result.stopReason}: ${result.detail ?? ''}`);
      }
      known.add(sessionId);
      const requests = model.requests.slice(before).filter(({ kind }) => kind === 'task');
      if (requests.length === 0) throw new Error('The CLI asked the model nothing');
      return requests;
    },
    forget() {
      sessionId = randomUUID();
    },
    async [Symbol.asyncDispose]() {
      await model.close();
    },
  };
}

export function inputOf({ usage }: LoggedRequest): number {
  return usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens;
}

/** Tokens of tools and system prompt. */
export function baseOf({ body }: LoggedRequest): number {
  return countTokens({ ...body, messages: [] });
}

function sourceOf(at: number): string {
  const lines = Array.from(
    { length: 60 },
    (_, line) => `export const value_${at}_${line} = (a: number) => a * ${(at * line) % 97} + ${line};`,
  );
  return `${lines.join('\n')}\n`;
}
