import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, it } from 'vitest';
import { pathForTools } from '../fakes/real-claude.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { installedFromPyPi } from '../mcp/installed.ts';
import { root, workflowFiles } from './workflow-files.ts';

// Set by scripts/test-services.sh where Go could build it.
const actionlint = process.env.TEST_ACTIONLINT ?? '';
const isHere = actionlint !== '';
if (!isHere)
  console.warn('The tests with actionlint do not run: it is not here, TEST_ACTIONLINT does not say where.');

const paths = (await workflowFiles()).map(({ path }) => join(root, path));

async function lint(program: string, ...args: string[]) {
  await using place = await temporaryDirectory();
  const env = { PATH: pathForTools, HOME: place.path, NO_COLOR: '1' };
  return await execa(program, args, { cwd: place.path, extendEnv: false, env, reject: false, all: true });
}

describe.skipIf(!isHere)('actionlint', () => {
  /** Newer than it. https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#concurrency */
  const unknown = 'unexpected key "queue" for "concurrency" section';
  const text = ['-no-color', '-shellcheck', '', '-pyflakes', ''];

  it('finds nothing in the workflows but one key that is newer than it', async () => {
    expect(await lint(actionlint, ...text, '-ignore', unknown, ...paths)).toMatchObject({
      all: '',
      exitCode: 0,
    });
    const { all, exitCode } = await lint(actionlint, ...text, ...paths);
    expect(exitCode).toBe(1);
    expect(all).toContain(unknown);
  });
});

describe('zizmor', () => {
  let program: string;
  beforeAll(async () => {
    program = await installedFromPyPi('zizmor', '1.32.0', 'zizmor');
  }, 480_000);

  it('finds nothing in the workflows and the action', async () => {
    const { all, exitCode } = await lint(
      program,
      '--offline',
      '--no-progress',
      ...paths,
      join(root, 'action/action.yml'),
    );
    expect(exitCode, all).toBe(0);
    expect(all).toContain('No findings to report');
    for (const path of paths) expect(all).toContain(`completed ${path}`);
  });
});
