import type { Command } from 'commander';
import type { Run } from './terminal.ts';

export interface InitFlags {
  pullRequest?: string;
  force?: boolean;
  action?: string;
  json?: boolean;
}

/** `dexter init`. What it needs is loaded when it runs, so that help works on any Node.js. */
export function addInitCommand(program: Command, run: Run): void {
  program
    .command('init')
    .argument('[directory]', 'the clone, or a folder in it (default: the current one)')
    .description(
      'add to a repository what Dexter needs in it: the workflow, and settings that are all optional. In a clone it writes the files; with --pull-request it opens the pull request that the app would open',
    )
    .option(
      '--pull-request <owner/name>',
      'open a pull request on GitHub instead; the token is taken from GITHUB_TOKEN or GH_TOKEN, as `gh auth token` prints it, and may write contents, pull requests and workflows',
    )
    .option('--force', 'write over files that are there and differ')
    .option(
      '--action <owner/name@commit>',
      'what the workflow uses: a copy of Dexter, or the commit to pin, by its 40 hex digits (DEXTER_ACTION)',
    )
    .option('--json', 'as JSON, in one line')
    .addHelpText(
      'after',
      '\nDEXTER_WORKFLOW is the file name of the workflow, when it is not dexter.yml. On GitHub Enterprise Server\nset GITHUB_API_URL and GITHUB_SERVER_URL. A pull request that is open already is brought up to date.',
    )
    .action((directory: string | undefined, flags: InitFlags) =>
      run(async (terminal) => {
        const { AppError } = await import('../core/errors.ts');
        const { initClone } = await import('./init-clone.ts');
        const { initByPullRequest } = await import('./init-by-pull-request.ts');
        const { initOptions } = await import('./init-options.ts');
        const options = await initOptions(flags, terminal.env);
        const { repository } = options;
        if (repository) {
          if (directory === undefined) return initByPullRequest({ ...options, repository }, terminal);
          throw new AppError('input-invalid', {
            message: 'A directory and --pull-request exclude each other.',
            hint: 'Give the directory to write the files there, or --pull-request to have them proposed on GitHub.',
          });
        }
        const force = flags.force === true;
        return initClone({ ...options, directory: directory ?? process.cwd(), force }, terminal);
      }),
    );
}
