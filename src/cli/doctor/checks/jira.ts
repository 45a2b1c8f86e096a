import type { JiraConnectionConfig } from '../../../config.ts';
import type { Answer } from '../../../core/answer.ts';
import {
  jiraInspection,
  type LookedAtAccount,
  type LookedAtField,
  neededPermissions,
  type ProjectPermission,
} from '../../../jira/inspect.ts';
import type { Check } from '../check.ts';
import { noAnswer } from '../no-answer.ts';
import type { Patient } from '../patient.ts';
import { count, failed, ok, skipped, type Verdict, warning } from '../verdict.ts';

type Site = Pick<JiraConnectionConfig, 'name' | 'type' | 'url' | 'apiUrl' | 'email' | 'tokenEnv'>;

/** As long as GitHub's has to be, without which the app does not start. */
const shortestSecret = 16;

export const jiraAccount: Check = {
  id: 'jira-account',
  area: 'jira',
  title: 'Account',
  looksAt:
    'JIRA takes the credentials of the connection, and says which account they are: by its id Dexter knows its own comments.',
  mend: 'Renew the API token of the account, or correct `url`, `apiUrl`, `email` and the variable of `tokenEnv`.',
  needs: ['configuration'],
  async inspect({ config }, name) {
    const site = await siteOf(config, name);
    return judgeAccount(site, await jiraInspection(site).account());
  },
};

export const jiraProjects: Check = {
  id: 'jira-projects',
  area: 'jira',
  title: 'Projects',
  looksAt: 'The account can browse each project that stands under `projects`.',
  mend: 'Correct the key in `dexter.yml`, or give the account "Browse projects" in that project.',
  needs: ['jira-account'],
  async inspect({ config }, name) {
    const site = await siteOf(config, name);
    const { project } = jiraInspection(site);
    const answers = await Promise.all(
      Object.keys(site.projects).map(async (key) => ({ key, answer: await project(key) })),
    );
    return judgeProjects(site, answers);
  },
};

export const jiraPermissions: Check = {
  id: 'jira-permissions',
  area: 'jira',
  title: 'Permissions',
  looksAt:
    'The account has "Browse projects" and "Add comments" in each project that stands under `projects`.',
  mend: 'Add the account to a role of the project that has what is missing.',
  needs: ['jira-projects'],
  async inspect({ config }, name) {
    const site = await siteOf(config, name);
    const { lacking } = jiraInspection(site);
    const answers = await Promise.all(
      Object.keys(site.projects).map(async (key) => ({ key, answer: await lacking(key) })),
    );
    return judgePermissions(site, answers);
  },
};

export const jiraFields: Check = {
  id: 'jira-fields',
  area: 'jira',
  title: 'Custom fields',
  looksAt: 'The site has each field that stands under `fields`, by its id or its exact name.',
  mend: 'Correct the id or the name in `dexter.yml`: JIRA lists them under Settings → Issues → Custom fields.',
  needs: ['jira-account'],
  async inspect({ config }, name) {
    const site = await siteOf(config, name);
    const wanted = Object.entries(site.fields ?? {});
    if (wanted.length === 0) return skipped('None is configured.');
    return judgeFields(site, wanted, await jiraInspection(site).fields());
  },
};

export const jiraSecret: Check = {
  id: 'jira-secret',
  area: 'jira',
  title: 'Webhook secret',
  looksAt:
    'The secret of the automation rule is long enough that nobody guesses it. Whether the rule sends this one shows when it is used.',
  mend: 'Make one with `openssl rand -hex 32`, and set it in the variable of `secretEnv` and in the rule.',
  needs: ['configuration'],
  async inspect({ config }, name) {
    return judgeSecret(await siteOf(config, name));
  },
};

async function siteOf(config: Patient['config'], name: string): Promise<JiraConnectionConfig> {
  const site = (await config()).jira.find((one) => one.name === name);
  if (site === undefined) throw new Error(`no JIRA connection ${name}`);
  return site;
}

export function judgeAccount(site: Site, answer: Answer<LookedAtAccount>): Verdict {
  const at = site.apiUrl ?? site.url;
  const setting = `\`${site.apiUrl ? 'apiUrl' : 'url'}\` of \`jira.${site.name}\``;
  switch (answer.outcome) {
    case 'answered': {
      const { accountId, name, displayName, active } = answer.value;
      const id = accountId ?? name;
      if (!id) {
        return failed(
          `JIRA at ${at} does not say which account ${site.email} is: Dexter would answer its own comments.`,
          `Correct ${setting}; \`type\` is \`server\` for Server and Data Center.`,
        );
      }
      if (!active)
        return failed(
          `The account ${displayName} is deactivated.`,
          'An administrator of JIRA activates it again.',
        );
      return ok(`${displayName || site.email}, account ${id}.`);
    }
    case 'refused':
      if (answer.status === 401 || answer.status === 403) {
        const renew =
          site.type === 'server'
            ? `Make a new personal access token as that account, and set it in ${site.tokenEnv}.`
            : `Make a new API token at https://id.atlassian.com/manage-profile/security/api-tokens as ${site.email}, and set it in ${site.tokenEnv}.`;
        return failed(
          `JIRA at ${at} does not take the credentials of ${site.email} (HTTP ${answer.status}).`,
          renew,
        );
      }
      if (answer.status === 404)
        return failed(`There is no JIRA at ${at} (HTTP 404).`, `Correct ${setting}.`);
      return failed(
        `JIRA at ${at} answers with HTTP ${answer.status}.`,
        'Try again later, or look whether JIRA has an incident.',
      );
    case 'strange':
    case 'unreachable':
      return noAnswer({ name: 'JIRA', at, setting }, answer);
  }
}

export function judgeProjects(
  { name, url, email }: Site,
  answers: { key: string; answer: Answer<unknown> }[],
): Verdict {
  if (answers.length === 0) {
    return warning(
      'No project is configured: a command on a ticket has to name its repository by a link.',
      `Name them in dexter.yml, under \`jira.${name}.projects\`: <project key>: <owner>/<repository>`,
    );
  }
  const hidden = answers.filter(({ answer }) => answer.outcome !== 'answered').map(({ key }) => key);
  if (hidden.length === 0) return ok(`${answers.map(({ key }) => key).join(', ')}.`);
  return failed(
    `${email} cannot see ${hidden.join(', ')} at ${url}, or there is no such project.`,
    `Correct \`jira.${name}.projects\` in dexter.yml, or give that account "Browse projects": ${hidden.map((key) => settingsOf(url, key)).join(', ')}`,
  );
}

function judgePermissions(
  { url, email }: Site,
  answers: { key: string; answer: Answer<ProjectPermission[]> }[],
): Verdict {
  if (answers.length === 0) return skipped('No project is configured.');
  const problems = answers.flatMap(({ key, answer }) => {
    if (answer.outcome !== 'answered') return [{ key, what: 'JIRA does not tell' }];
    const missing = answer.value.map((one) => `"${neededPermissions[one]}"`);
    return missing.length > 0 ? [{ key, what: missing.join(' and ') }] : [];
  });
  if (problems.length === 0) return ok(`Browse and comment in ${count(answers.length, 'project')}.`);
  return failed(
    `${email} lacks permissions: ${problems.map(({ key, what }) => `${what} in ${key}`).join('; ')}.`,
    `Give that account a role with them: ${problems.map(({ key }) => settingsOf(url, key)).join(', ')}`,
  );
}

export function judgeFields(
  { name, url }: Site,
  wanted: [string, string][],
  answer: Answer<LookedAtField[]>,
): Verdict {
  if (answer.outcome !== 'answered') {
    const how = answer.outcome === 'refused' ? `HTTP ${answer.status}` : answer.outcome;
    return failed(`JIRA at ${url} does not list its fields (${how}).`, 'Try again later.');
  }
  const found = wanted.map(([use, field]) => ({
    use,
    field,
    matches: answer.value.filter((one) => one.id === field || one.name === field).length,
  }));
  const missing = found.filter(({ matches }) => matches === 0);
  const fix = `Correct \`jira.${name}.fields\` in dexter.yml: ${url}/secure/admin/ViewCustomFields.jspa lists ids and names.`;
  if (missing.length > 0) {
    return failed(
      `The site has no field ${missing.map(({ use, field }) => `${field} (${use})`).join(', ')}.`,
      fix,
    );
  }
  const doubtful = found.filter(({ matches }) => matches > 1);
  if (doubtful.length > 0) {
    return warning(
      `Several fields are called ${doubtful.map(({ field }) => field).join(', ')}; the first that has a value is told.`,
      fix,
    );
  }
  return ok(`${found.map(({ field }) => field).join(', ')}.`);
}

function judgeSecret({
  name,
  secret,
  secretEnv,
}: Pick<JiraConnectionConfig, 'name' | 'secret' | 'secretEnv'>): Verdict {
  if (secret.length >= shortestSecret) return ok(`${secretEnv} is set.`);
  return failed(
    `The secret in ${secretEnv} has ${count(secret.length, 'character')}: whoever guesses it can post to /jira/${name} as JIRA does.`,
    `Make one with \`openssl rand -hex 32\`, and set it in ${secretEnv} and in the automation rule (docs/jira-automation.md).`,
  );
}

function settingsOf(url: string, project: string): string {
  return `${url}/plugins/servlet/project-config/${project}/roles`;
}
