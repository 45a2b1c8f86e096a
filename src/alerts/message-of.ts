import type { UnpostedAlert } from '../ledger/alerts.ts';
import { comparison, kindNamed } from './words.ts';

/** What a webhook of Slack takes, and those that understand the same: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
export interface AlertMessage {
  /** All of it, for whoever shows no blocks. */
  text: string;
  blocks: unknown[];
}

const signs = { ok: '🟢', warning: '🟡', critical: '🔴' } as const;
const words = { ok: 'Over', warning: 'Warning', critical: 'Critical' } as const;

/** What is posted of an alert that came to another level. Of what comes from outside only the label is in it. */
export function messageOf(alert: UnpostedAlert, appUrl: string): AlertMessage {
  const { name, label, level } = alert;
  const kind = kindNamed(name);
  const title = kind?.title ?? name;
  const value = kind && comparison(kind, alert);
  const head = `${signs[level]} *${words[level]}: ${escaped(title)}*${label === '' ? '' : ` ${quoted(label)}`}`;
  const facts = [
    ...(value === undefined ? ['nothing has been heard of it for long'] : [value]),
    `\`${name}\` since ${alert.since.toISOString().slice(0, 16).replace('T', ' ')} UTC`,
  ].join(' · ');
  const lines = [
    head,
    escaped(facts),
    ...(level === 'ok' || !kind ? [] : [escaped(`${kind.meaning} ${kind.whatToDo}`)]),
  ];
  const body = lines.join('\n');
  const link = `<${escaped(appUrl)}|Dexter>`;
  return {
    text: `${body}\n${link}`,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: body, verbatim: true } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: link, verbatim: true }] },
    ],
  };
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const longestLabel = 100;

/**
 * A label as code, in which nothing is a mark, a link or a mention: of all that is no letter, digit or one of a few
 * signs only its place is left, so that nothing ends the code either.
 */
function quoted(label: string): string {
  const text = label.normalize('NFKC').replaceAll(/[^\p{L}\p{N} ._/:()-]/gu, '?');
  const letters = [...text];
  return `\`${letters.length > longestLabel ? `${letters.slice(0, longestLabel).join('')}…` : text}\``;
}
