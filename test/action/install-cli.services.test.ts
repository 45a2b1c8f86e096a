import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findCli } from '../../action/find-cli.ts';
import { readCliVersion } from '../../src/engines/claude-code/cli-version.ts';
import { pinnedCli } from '../../src/engines/claude-code/pinned-cli.ts';
import { pathForTools } from '../fakes/real-claude.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

// The second is a script, from the time before there was a package for each platform.
it.each([pinnedCli.version, '2.1.20'])(
  'installs Claude Code %s from the registry, and it runs',
  { timeout: 600_000 },
  async (version) => {
    await using directory = await temporaryDirectory();
    const cache = join(directory.path, 'tool cache');
    await mkdir(cache);
    const said: string[] = [];
    // node_modules/.bin, which npm puts there, has the pinned version.
    const PATH = pathForTools
      .split(':')
      .filter((folder) => !folder.endsWith('node_modules/.bin'))
      .join(':');
    const find = () =>
      findCli({
        path: undefined,
        version,
        // The way to the registry is this machine's; what npm gets of it is the code's to choose.
        env: { ...process.env, PATH, RUNNER_TOOL_CACHE: cache },
        temporaryDirectory: directory.path,
        workspace: directory.path,
        signal: new AbortController().signal,
        info: (message) => said.push(message),
      });
    const { command } = await find();
    expect(command.startsWith(cache)).toBe(true);
    const env = { PATH, HOME: directory.path, DISABLE_AUTOUPDATER: '1' };
    expect(await readCliVersion(command, env, directory.path)).toBe(version);
    said.length = 0;
    expect(await find()).toEqual({ command, version });
    expect(said.join('\n')).not.toContain('installing');
    expect(await readdir(join(cache, 'dexter-claude-code'))).toHaveLength(1);
  },
);
