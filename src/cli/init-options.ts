import { z } from 'zod';
import { ActionReference, type Environment } from '../config.ts';
import { readTemplate } from '../onboarding/read-template.ts';
import type { OnboardingTemplate } from '../onboarding/template.ts';
import { flagValues } from './flag-values.ts';
import type { InitFlags } from './init.ts';

const url = z.url({ protocol: /^https?$/ });

const Values = z.object({
  repository: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,39}\/[A-Za-z0-9._-]{1,100}$/, 'a repository as `owner/name`')
    .optional(),
  action: ActionReference.optional(),
  workflowFile: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,100}\.ya?ml$/, 'a file name that ends with .yml')
    .default('dexter.yml'),
  apiUrl: url.default('https://api.github.com'),
  serverUrl: url.default('https://github.com'),
});

const sources = {
  repository: { flag: '--pull-request' },
  action: { flag: '--action', variables: ['DEXTER_ACTION'] },
  workflowFile: { flag: '--workflow', variables: ['DEXTER_WORKFLOW'] },
  apiUrl: { flag: '--api-url', variables: ['GITHUB_API_URL'] },
  serverUrl: { flag: '--server-url', variables: ['GITHUB_SERVER_URL'] },
};

export interface InitOptions {
  template: OnboardingTemplate;
  json: boolean;
  /** Where a pull request is wanted. */
  repository: { owner: string; name: string } | undefined;
  apiUrl: string;
  /** Address of GitHub for people. */
  serverUrl: string;
}

/**
 * What `dexter init` is asked to do.
 * @throws AppError `input-invalid` that names everything that is wrong.
 */
export async function initOptions(
  { json, force: _, ...flags }: InitFlags,
  env: Environment,
): Promise<InitOptions> {
  const values = flagValues(Values, sources, flags, env);
  const [owner = '', name = ''] = values.repository?.split('/') ?? [];
  return {
    template: await readTemplate(values),
    json: json === true,
    repository: values.repository === undefined ? undefined : { owner, name },
    apiUrl: values.apiUrl.replace(/\/+$/, ''),
    serverUrl: values.serverUrl.replace(/\/+$/, ''),
  };
}
