import type { Answer } from '../../../core/answer.ts';
import type { Delivery } from '../../../github/inspect.ts';
import { webhookPath } from '../../../webhooks/github-routes.ts';
import { formatSince } from '../../plain-text.ts';
import type { Check } from '../check.ts';
import { count, failed, ok, type Verdict, warning } from '../verdict.ts';
import { settingsPage } from './github-app.ts';

export interface DeliveryFacts {
  answer: Answer<Delivery[]>;
  now: Date;
  /** DEXTER_URL. */
  url: string;
  settings: string;
}

export const deliveries: Check = {
  id: 'deliveries',
  area: 'app',
  title: 'Webhook deliveries',
  looksAt:
    'How the last hundred deliveries of GitHub ended, of the three days that it keeps them. One that was sent again counts by its last attempt. Nothing is sent again by this check.',
  mend: 'By the status: 401 is `WEBHOOK_SECRET`, 404 the path of the webhook URL, 5xx the log of the app, none at all the network. Then choose Redeliver on the page "Advanced" of the App: GitHub never sends again by itself.',
  needs: ['github-app'],
  async inspect({ config, github, app, now }) {
    const { url, github: at } = await config();
    const [answer, known] = await Promise.all([(await github()).deliveries(), app()]);
    const settings = known.outcome === 'answered' ? settingsPage(at.serverUrl, known.value) : at.serverUrl;
    return judgeDeliveries({ answer, now: now(), url, settings });
  },
};

export function judgeDeliveries({ answer, now, url, settings }: DeliveryFacts): Verdict {
  const page = `${settings}/advanced`;
  if (answer.outcome !== 'answered') {
    const how = answer.outcome === 'refused' ? `HTTP ${answer.status}` : answer.outcome;
    return failed(`GitHub does not list its deliveries (${how}).`, `Look at them yourself: ${page}`);
  }
  const attempts = answer.value.toSorted((a, b) => b.delivered_at.getTime() - a.delivered_at.getTime());
  const last = [...new Map(attempts.toReversed().map((one) => [one.guid, one])).values()].toReversed();
  if (last.length === 0) {
    return warning(
      'GitHub has delivered nothing in the last three days.',
      'Comment `@dexter help` on an issue of a repository that the App is installed on, and look again.',
    );
  }
  const success = attempts.find(isTaken);
  const since = success
    ? `the last one that was taken is from ${formatSince(success.delivered_at, now)}`
    : 'none of them was taken';
  const failures = last.filter((one) => !isTaken(one));
  const [newest] = failures;
  if (newest === undefined)
    return ok(`${count(last.length, 'delivery').replace('deliverys', 'deliveries')}, all taken; ${since}.`);
  const told = `${failures.length} of the last ${last.length} failed; the newest of these, ${newest.event} ${formatSince(newest.delivered_at, now)}, with ${statusOf(newest)}; ${since}.`;
  const fix = `${fixOf(newest, url)} Then choose Redeliver for what was lost: ${page}`;
  return newest === last[0] ? failed(told, fix) : warning(told, fix);
}

function isTaken({ status_code }: Delivery): boolean {
  return status_code >= 200 && status_code < 300;
}

function statusOf({ status, status_code }: Delivery): string {
  return status_code > 0 ? `HTTP ${status_code}` : `no answer (${status})`;
}

function fixOf({ status_code }: Delivery, url: string): string {
  if (status_code === 401 || status_code === 403)
    return "Set the value of WEBHOOK_SECRET as the webhook secret in the App's settings.";
  if (status_code === 404) return `Correct the webhook URL to ${url}${webhookPath}.`;
  if (status_code === 413) return 'Let the reverse proxy pass on bodies of 25 MB.';
  if (status_code >= 500) return 'Look into the log of the app and of the reverse proxy at that time.';
  return `Let GitHub reach ${url}: the app has to run, and firewall, DNS and certificate have to let GitHub in.`;
}
