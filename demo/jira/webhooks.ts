import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { toWiki } from './adf.ts';
import type { Format } from './format.ts';
import type { JiraComment, JiraIssue } from './store.ts';

/**
 * Which of JIRA's two ways tells the App: the automation rule's web request (static secret, comments only) or
 * the webhook of an administrator (signed body, comments and label changes).
 */
export type WebhookMode = 'automation' | 'admin';

export type JiraEvent =
  | {
      kind: 'comment_created' | 'comment_updated' | 'comment_deleted';
      issue: JiraIssue;
      comment: JiraComment;
      actor: string;
    }
  | { kind: 'labels_changed'; issue: JiraIssue; before: string[]; actor: string };

/** One request to the App. `status` is 0 when nobody answered. */
export type JiraDelivery = {
  event: string;
  body: string;
  headers: Record<string, string>;
  attempts: number;
  status: number;
};

/** JIRA sends an administrator's webhook again after these answers, at most this often. */
const retried = [408, 409, 425, 429];
const maxAttempts = 6;
const answerWithinMs = 20_000;

/** @param retryAfterMs pause before a webhook is sent again; 5 to 15 minutes in the real JIRA */
export function createWebhooks(format: Format, retryAfterMs: number) {
  const deliveries: JiraDelivery[] = [];
  const underWay = new Set<Promise<void>>();
  const closing = new AbortController();
  let target: { url: string; secret: string; mode: WebhookMode } | undefined;

  async function post(delivery: JiraDelivery, url: string, again: boolean): Promise<void> {
    for (;;) {
      delivery.attempts += 1;
      const retry =
        delivery.attempts > 1 ? { 'X-Atlassian-Webhook-Retry': String(delivery.attempts - 1) } : {};
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { ...delivery.headers, ...retry },
          body: delivery.body,
          signal: AbortSignal.any([closing.signal, AbortSignal.timeout(answerWithinMs)]),
        });
        await response.arrayBuffer();
        delivery.status = response.status;
      } catch {
        delivery.status = 0;
      }
      const failed = delivery.status === 0 || delivery.status >= 500 || retried.includes(delivery.status);
      if (!again || !failed || delivery.attempts === maxAttempts || closing.signal.aborted) return;
      await sleep(retryAfterMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  function send(event: string, payload: unknown, headersFor: (body: string) => Record<string, string>): void {
    if (!target) return;
    const body = JSON.stringify(payload);
    const headers = {
      'Content-Type': 'application/json',
      'User-Agent': 'Atlassian-Simulation',
      ...headersFor(body),
    };
    const delivery = { event, body, headers, attempts: 0, status: 0 };
    deliveries.push(delivery);
    const work = post(delivery, target.url, target.mode === 'admin');
    underWay.add(work);
    work.finally(() => underWay.delete(work));
  }

  /** What the rule "Issue commented -> Send web request" of the documentation sends. */
  function sendByRule(event: JiraEvent, secret: string): void {
    if (event.kind !== 'comment_created') return;
    const { issue, comment } = event;
    const payload = {
      event: event.kind,
      issueKey: issue.key,
      commentId: comment.id,
      comment: toWiki(comment.body),
    };
    send(event.kind, payload, () => ({ 'X-Dexter-Secret': secret }));
  }

  function sendAsAdministrator(event: JiraEvent, secret: string): void {
    const name = event.kind === 'labels_changed' ? 'jira:issue_updated' : event.kind;
    const common = {
      timestamp: Date.now(),
      webhookEvent: name,
      issue: format.issue(event.issue, '-comment'),
    };
    const payload =
      event.kind === 'labels_changed'
        ? {
            ...common,
            issue_event_type_name: 'issue_updated',
            user: format.user(event.actor),
            changelog: changelog(event),
          }
        : {
            ...common,
            comment: { ...format.comment(event.issue, event.comment), body: toWiki(event.comment.body) },
          };
    send(name, payload, (body) => ({
      'X-Atlassian-Webhook-Identifier': randomUUID(),
      'X-Hub-Signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    }));
  }

  return {
    deliveries,
    setTarget(url: string, secret: string, mode: WebhookMode): void {
      target = { url, secret, mode };
    },

    emit(event: JiraEvent): void {
      if (target?.mode === 'automation') sendByRule(event, target.secret);
      if (target?.mode === 'admin') sendAsAdministrator(event, target.secret);
    },

    async settled(): Promise<void> {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },

    async close(): Promise<void> {
      closing.abort();
      await Promise.allSettled(underWay);
    },
  };
}
export type Webhooks = ReturnType<typeof createWebhooks>;

function changelog({ issue, before }: { issue: JiraIssue; before: string[] }) {
  const item = { field: 'labels', fieldtype: 'jira', fieldId: 'labels', from: null, to: null };
  return {
    id: String(Date.now()),
    items: [{ ...item, fromString: before.join(' '), toString: issue.labels.join(' ') }],
  };
}
