import { engineFor, jobKinds } from '../../../core/engine.ts';
import { pickVariables, proxyVariables } from '../../../core/variables.ts';
import { isSince, readCliVersion } from '../../../engines/claude-code/cli-version.ts';
import { oldestCli } from '../../../engines/claude-code/pinned-cli.ts';
import { withPrivateDirectory } from '../../private-directory.ts';
import type { Check } from '../check.ts';
import { failed, ok, skipped, type Verdict } from '../verdict.ts';

export const claudeCode: Check = {
  id: 'claude-code',
  area: 'app',
  title: 'Claude Code',
  looksAt: `For local runs: the CLI is there, starts, and is ${oldestCli} or newer (docs/cli-versions.md).`,
  mend: 'Install it for the user who runs Dexter, or name it in `DEXTER_CLAUDE_PATH`.',
  needs: ['configuration'],
  async inspect({ config, env }, _, signal) {
    const { dispatcher, engine } = await config();
    if (dispatcher.kind !== 'local')
      return skipped('Runs are done by GitHub Actions runners, which install it when it is missing.');
    const command = dispatcher.local.claudePath ?? 'claude';
    const version = await withPrivateDirectory((directory) =>
      readCliVersion(
        command,
        {
          ...pickVariables(env, ['PATH', 'LANG', 'LC_ALL', ...proxyVariables]),
          HOME: directory,
          CLAUDE_CONFIG_DIR: directory,
          DISABLE_AUTOUPDATER: '1',
        },
        directory,
        signal,
      ),
    );
    const isNeeded = jobKinds.some((kind) => engineFor(kind, [engine]) !== 'anthropic-api');
    return judgeCli(command, version, isNeeded);
  },
};

/** @param isNeeded whether any command takes it that does not ask for it. */
export function judgeCli(command: string, version: string | undefined, isNeeded = true): Verdict {
  if (!isNeeded && !isSince(version ?? '0.0.0', oldestCli)) {
    return ok(
      `The CLI cannot be used as \`${command}\`; with \`engine: anthropic-api\` only \`--engine claude-code\` needs it.`,
    );
  }
  if (version === undefined) {
    return failed(
      `The Claude Code CLI cannot be started as \`${command}\`, or does not tell its version.`,
      'Install it: `npm install -g @anthropic-ai/claude-code`. Is it elsewhere, set DEXTER_CLAUDE_PATH to its absolute path.',
    );
  }
  if (!isSince(version, oldestCli)) {
    return failed(
      `\`${command}\` is version ${version}; nothing before ${oldestCli} was tried.`,
      'Update it: `npm install -g @anthropic-ai/claude-code`',
    );
  }
  return ok(`\`${command}\` is version ${version}.`);
}
