import type { Answer } from '../../../core/answer.ts';
import type { HookConfig } from '../../../github/inspect.ts';
import { webhookPath } from '../../../webhooks/github-routes.ts';
import type { Check } from '../check.ts';
import type { Patient } from '../patient.ts';
import { failed, ok, type Verdict, warning } from '../verdict.ts';
import { settingsPage } from './github-app.ts';

export interface WebhookFacts {
  answer: Answer<HookConfig>;
  /** DEXTER_URL. */
  url: string;
  /** Where the App is set up. */
  settings: string;
}

export const webhookAddress: Check = {
  id: 'webhook-address',
  area: 'app',
  title: 'Webhook address',
  looksAt:
    'GitHub delivers to `<DEXTER_URL>/api/github/webhooks` (or the root of it), as JSON, and checks the certificate.',
  mend: "Correct the webhook URL in the App's settings, or `DEXTER_URL`.",
  needs: ['github-app'],
  inspect: async (patient) => judgeAddress(await factsOf(patient)),
};

export const webhookSecret: Check = {
  id: 'webhook-secret',
  area: 'app',
  title: 'Webhook secret',
  looksAt:
    "The App's webhook has a secret. Whether it is `WEBHOOK_SECRET`, GitHub does not say: deliveries that are answered with 401 do.",
  mend: "Set the value of `WEBHOOK_SECRET` as the webhook secret in the App's settings.",
  needs: ['github-app'],
  inspect: async (patient) => judgeSecret(await factsOf(patient)),
};

async function factsOf({ config, github, app }: Patient): Promise<WebhookFacts> {
  const { url, github: at } = await config();
  const [answer, known] = await Promise.all([(await github()).hookConfig(), app()]);
  const settings = known.outcome === 'answered' ? settingsPage(at.serverUrl, known.value) : at.serverUrl;
  return { answer, url, settings };
}

export function judgeAddress({ answer, url, settings }: WebhookFacts): Verdict {
  if (answer.outcome !== 'answered') return notTold(answer, settings);
  const wanted = `${url}${webhookPath}`;
  const { url: configured, content_type: type, insecure_ssl: insecure } = answer.value;
  if (!configured) {
    return failed('The App has no webhook address.', `Set ${wanted} as the webhook URL at ${settings}`);
  }
  if (![wanted, url].includes(configured.replace(/\/+$/, ''))) {
    return failed(
      `GitHub delivers to ${configured}, and the app is at ${url}.`,
      `Set ${wanted} as the webhook URL at ${settings}, or correct DEXTER_URL.`,
    );
  }
  if (type !== undefined && type !== 'json') {
    return failed(
      `GitHub delivers as \`${type}\`, which the app does not read.`,
      `Choose application/json at ${settings}`,
    );
  }
  if (String(insecure ?? '0') === '1') {
    return warning(
      'GitHub does not check the certificate of the app before it delivers.',
      `Enable SSL verification at ${settings}`,
    );
  }
  return ok(`GitHub delivers to ${configured}.`);
}

function judgeSecret({ answer, settings }: WebhookFacts): Verdict {
  if (answer.outcome !== 'answered') return notTold(answer, settings);
  if (answer.value.secret) return ok('It is set.');
  return failed(
    "The App's webhook has no secret: the app refuses everything that GitHub delivers.",
    `Set the value of WEBHOOK_SECRET as the webhook secret at ${settings}`,
  );
}

function notTold(answer: Exclude<Answer<unknown>, { outcome: 'answered' }>, settings: string): Verdict {
  const how = answer.outcome === 'refused' ? `HTTP ${answer.status}` : answer.outcome;
  return failed(
    `GitHub does not tell how the App's webhook is set up (${how}).`,
    `Look at it yourself, at ${settings}, and try again later.`,
  );
}
