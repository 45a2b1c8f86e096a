import type { GitHubApp, GitHubInspection } from '../../../github/inspect.ts';
import type { Check } from '../check.ts';
import { noAnswer } from '../no-answer.ts';
import { failed, ok, type Verdict } from '../verdict.ts';

export const githubApp: Check = {
  id: 'github-app',
  area: 'app',
  title: 'GitHub App',
  looksAt: 'GitHub knows the App of `APP_ID`, and takes what `PRIVATE_KEY` signs.',
  mend: "Copy the App's id from its settings, and generate a new private key there.",
  needs: ['configuration'],
  async inspect({ config, app }) {
    const { github } = await config();
    return judgeApp({ appId: github.appId, apiUrl: github.apiUrl, answer: await app() });
  },
};

export function judgeApp({
  appId,
  apiUrl,
  answer,
}: {
  appId: number;
  apiUrl: string;
  answer: Awaited<ReturnType<GitHubInspection['app']>>;
}): Verdict {
  switch (answer.outcome) {
    case 'answered':
      return ok(`${answer.value.slug}[bot], App ${appId}.`);
    case 'unsigned':
      return failed(
        'PRIVATE_KEY is not a private key that can sign.',
        "Generate a new one at the bottom of the App's settings, and give its file as PRIVATE_KEY_PATH.",
      );
    case 'refused':
      if (answer.status === 401 || answer.status === 404) {
        return failed(
          `GitHub at ${apiUrl} does not take PRIVATE_KEY for App ${appId} (HTTP ${answer.status}).`,
          "Compare APP_ID with the App's settings, and generate a new private key there: the two do not belong together, or the key was revoked. A clock that is wrong by minutes does the same.",
        );
      }
      return failed(
        `GitHub at ${apiUrl} answers with HTTP ${answer.status} when it is asked for the App.`,
        'Try again later; githubstatus.com tells whether GitHub has an incident.',
      );
    case 'strange':
    case 'unreachable':
      return noAnswer({ name: 'GitHub', at: apiUrl, setting: 'GITHUB_API_URL' }, answer);
  }
}

/** The page on which the App's owner changes it. */
export function settingsPage(serverUrl: string, { owner, slug }: Pick<GitHubApp, 'owner' | 'slug'>): string {
  const whose = owner?.type === 'Organization' ? `organizations/${owner.login}/` : '';
  return `${serverUrl}/${whose}settings/apps/${slug}`;
}
