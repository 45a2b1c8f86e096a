import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isolation } from '../../action/isolate.ts';
import { findIsolation } from '../../src/engines/claude-code/isolation.ts';
import { pathForTools } from '../fakes/real-claude.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const afterwards = [
  'runner/_work/_actions/other/action/v1/dist/post.js',
  'runner/externals/node24/bin/node',
  'runner/bin/Runner.Worker',
  'tools/npm/index.js',
  'dexter/action/dist/post.js',
  'path/git',
  'cli/claude',
];
const credentials = ['runner/_work/_temp/x', 'tokens/web-identity', 'tokens/google.json'];

let root: Awaited<ReturnType<typeof temporaryDirectory>>;
let at: (path: string) => string;
beforeEach(async () => {
  root = await temporaryDirectory();
  at = (path) => join(root.path, path);
  for (const path of [
    ...afterwards,
    ...credentials,
    'workspace/work/mine/checkout/x',
    'workspace/mirror/x',
  ]) {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), 'as it was', { mode: 0o755 });
  }
});
afterEach(() => root.remove());

function isolate(mode: 'auto' | 'required', command: string, hiddenPaths: string[] = []) {
  const notices: string[] = [];
  const work = {
    env: {
      PATH: `${at('path')}:${pathForTools}`,
      RUNNER_TEMP: at('runner/_work/_temp'),
      RUNNER_TOOL_CACHE: at('tools'),
      AWS_WEB_IDENTITY_TOKEN_FILE: at('tokens/web-identity'),
      GOOGLE_APPLICATION_CREDENTIALS: at('tokens/google.json'),
    },
    inputs: { isolation: mode, hiddenPaths },
    log: { info: () => undefined, warn: () => undefined },
    mcpProgram: at('dexter/action/dist/mcp-program.js'),
    report: { notices },
    workspace: at('workspace'),
  };
  const directory = { root: at('workspace/work/mine'), mirror: at('workspace/mirror') };
  return { notices, wrapped: isolation(work as never, directory as never, command) };
}

const nothing = { hidden: [], kept: [], readOnly: [], anchored: [] };
const possible = await findIsolation(nothing, {
  env: { PATH: pathForTools },
  cwd: import.meta.dirname,
  platform: process.platform,
});

describe('isolation', () => {
  it.runIf(possible.outcome === 'isolated')(
    'makes read-only what runs after the agent, and hides the credentials that the environment names',
    async () => {
      const wrap = await isolate('required', at('cli/claude')).wrapped;
      const attempts = afterwards
        .map(at)
        .flatMap((file) => [`echo bad > ${file}`, `mv ${dirname(file)} ${dirname(file)}.old`]);
      const script = [
        ...attempts,
        `mv ${at('runner')} ${at('runner.old')}`,
        `echo new | tee checkout/x ${at('workspace/mirror/x')}`,
        `cat ${credentials.map(at).join(' ')}`,
      ].join('; ');
      const program = wrap?.({ command: 'sh', args: ['-c', script] });
      if (program === undefined) throw new Error('not isolated');
      const { stdout } = await execa(program.command, program.args, {
        cwd: at('workspace/work/mine'),
        env: { PATH: pathForTools },
        extendEnv: false,
        reject: false,
      });
      expect(stdout).toBe('new');
      for (const path of [...afterwards, ...credentials])
        expect(await readFile(at(path), 'utf8'), path).toBe('as it was');
      for (const path of ['workspace/work/mine/checkout/x', 'workspace/mirror/x'])
        expect(await readFile(at(path), 'utf8'), path).toBe('new\n');
    },
  );

  it('is refused where it is required and there is no CLI', async () => {
    await expect(isolate('required', at('cli/missing')).wrapped).rejects.toMatchObject({
      code: 'isolation-missing',
    });
    expect(await isolate('auto', at('cli/missing')).wrapped).toBeUndefined();
  });

  it('is not there when the CLI lies directly in what is to be hidden', async () => {
    await expect(isolate('required', at('cli/claude'), [at('cli')]).wrapped).rejects.toMatchObject({
      code: 'isolation-missing',
      message: expect.stringContaining(at('cli')),
    });
    const { wrapped, notices } = isolate('auto', at('cli/claude'), [at('cli')]);
    expect(await wrapped).toBeUndefined();
    expect(notices).toEqual([expect.stringContaining(at('cli'))]);
  });
});
