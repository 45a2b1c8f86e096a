import type { Answer } from '../../core/answer.ts';
import { skipped, type Verdict } from './verdict.ts';

/** For what the app may not ask and a person may; `page` is where they see it themselves. */
export function withoutToken(page: string): Verdict {
  return skipped(
    'The App may not ask for this.',
    `Look at ${page}, or give a token of your own: GITHUB_TOKEN=$(gh auth token) dexter doctor`,
  );
}

/** GitHub does not say this to the person whose token it is. */
export function notShown(
  answer: Exclude<Answer<unknown>, { outcome: 'answered' }>,
  takes: string,
  page: string,
): Verdict {
  if (answer.outcome === 'refused' && answer.status === 401) {
    return skipped(
      'GitHub does not take the token in GITHUB_TOKEN or GH_TOKEN (HTTP 401).',
      `Look at ${page}, or renew the token.`,
    );
  }
  const how = answer.outcome === 'refused' ? `HTTP ${answer.status}` : answer.outcome;
  return skipped(
    `GitHub does not show this to the token in GITHUB_TOKEN or GH_TOKEN (${how}).`,
    `Look at ${page}, or give a token of an administrator of the repository (\`${takes}\`).`,
  );
}
