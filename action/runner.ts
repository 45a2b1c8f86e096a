import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../src/core/errors.ts';

/** What the runner says about itself in the environment. */
const RunnerVariables = z.object({
  GITHUB_REPOSITORY: z
    .string('GITHUB_REPOSITORY is not set')
    .regex(/^[\w.-]+\/[\w.-]+$/, 'GITHUB_REPOSITORY must be owner/name'),
  GITHUB_SERVER_URL: z.string().default('https://github.com'),
  GITHUB_API_URL: z.string().default('https://api.github.com'),
  GITHUB_RUN_ID: z.string().optional(),
  GITHUB_RUN_ATTEMPT: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'GITHUB_RUN_ATTEMPT must be a number')
    .default('1'),
  RUNNER_TEMP: z.string().default(tmpdir()),
  RUNNER_NAME: z.string().default('local'),
  DEXTER_RUN_TOKEN: z.string().min(1).optional(),
});

export interface Runner {
  owner: string;
  repository: string;
  /** Address that the repository is fetched from and pushed to, without credentials. */
  gitUrl: string;
  serverUrl: string;
  apiUrl: string;
  /** Page of the workflow run; empty for a local run. */
  runUrl: string;
  /** 1, and one more each time that the workflow run is run again. */
  attempt: number;
  name: string;
  /** Directory that is emptied with the job. */
  temporaryDirectory: string;
  /** Token for the app in a local run; on GitHub the OIDC token takes its place. */
  runToken: string | undefined;
}

export function parseRunner(env: Readonly<Record<string, string | undefined>>): Runner {
  const parsed = RunnerVariables.safeParse(env);
  if (!parsed.success) {
    throw new AppError('input-invalid', {
      message: `The environment is not that of a runner: ${parsed.error.issues.map(({ message }) => message).join('; ')}.`,
      hint: 'Run the action in a GitHub Actions job, or through the local dispatcher.',
    });
  }
  const variables = parsed.data;
  const [owner = '', repository = ''] = variables.GITHUB_REPOSITORY.split('/');
  const serverUrl = variables.GITHUB_SERVER_URL.replace(/\/+$/, '');
  const repositoryUrl = `${serverUrl}/${owner}/${repository}`;
  return {
    owner,
    repository,
    gitUrl: `${repositoryUrl}.git`,
    serverUrl,
    apiUrl: variables.GITHUB_API_URL.replace(/\/+$/, ''),
    // The local dispatcher has no run to look at and says 0.
    runUrl:
      Number(variables.GITHUB_RUN_ID) > 0
        ? `${repositoryUrl}/actions/runs/${variables.GITHUB_RUN_ID}/attempts/${variables.GITHUB_RUN_ATTEMPT}`
        : '',
    attempt: Number(variables.GITHUB_RUN_ATTEMPT),
    name: variables.RUNNER_NAME,
    temporaryDirectory: variables.RUNNER_TEMP,
    runToken: variables.DEXTER_RUN_TOKEN,
  };
}

/** Beside the temporary directory, which the runner empties after each job. */
export function defaultWorkspace({ temporaryDirectory }: Runner): string {
  return join(dirname(temporaryDirectory), '_dexter');
}
