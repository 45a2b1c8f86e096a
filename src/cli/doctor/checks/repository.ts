import type { Answer } from '../../../core/answer.ts';
import type { Installation, LookedAtRepository } from '../../../github/inspect.ts';
import type { Check } from '../check.ts';
import { installationIn, namedOf } from '../patient.ts';
import { failed, ok, type Verdict } from '../verdict.ts';

export const repository: Check = {
  id: 'repository',
  area: 'repository',
  title: 'Repository',
  looksAt: 'The App is installed on the repository, which is not archived.',
  mend: "Add the repository on the installation's page.",
  needs: ['github-app'],
  async inspect(patient, name) {
    const [known, installation] = await Promise.all([patient.app(), patient.installationOf(name)]);
    const page = known.outcome === 'answered' ? `${known.value.html_url}/installations/new` : '';
    const isInstalled = installation.outcome === 'answered' && !installation.value.suspended_at;
    return judgeRepository({
      name,
      page,
      installation,
      ...(isInstalled ? { answer: await read(patient, name) } : {}),
    });
  },
};

async function read(patient: Parameters<Check['inspect']>[0], name: string) {
  const { id } = await installationIn(patient.installationOf(name));
  return (await patient.github()).repository(id, namedOf(name));
}

export function judgeRepository(facts: {
  name: string;
  /** Where the App is installed. */
  page: string;
  installation: Answer<Installation>;
  answer?: Answer<LookedAtRepository>;
}): Verdict {
  const { name, page, installation, answer } = facts;
  if (installation.outcome === 'refused' && installation.status === 404) {
    return failed(
      `The App is not installed on ${name}, or there is no such repository.`,
      `Add the repository to the installation: ${page}`,
    );
  }
  if (installation.outcome === 'answered' && installation.value.suspended_at) {
    return failed(
      `The installation for ${name} is suspended.`,
      `Unsuspend it: ${installation.value.html_url}`,
    );
  }
  if (answer?.outcome !== 'answered') {
    const said = answer ?? installation;
    const how = said.outcome === 'refused' ? `HTTP ${said.status}` : said.outcome;
    return failed(
      `GitHub does not show ${name} to the App (${how}).`,
      'Check the permissions of the App, and try again.',
    );
  }
  const { archived, default_branch, html_url } = answer.value;
  if (archived) {
    return failed(`${name} is archived: nothing can be pushed to it.`, `Unarchive it: ${html_url}/settings`);
  }
  return ok(`The App is installed on it; its default branch is ${default_branch}.`);
}
