import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ContextFacts, renderContext } from '../../src/context/render.ts';
import { ticketSeen } from '../../src/context/ticket-seen.ts';

const ticket: NonNullable<ContextFacts['ticket']> = {
  key: 'DX-1',
  url: 'https://acme.example/browse/DX-1',
  summary: 'Coupons',
  description: 'Add coupons.',
  status: 'To Do',
  type: 'Story',
  priority: '',
  labels: [],
  comments: [],
  olderComments: 0,
};
const said = (id: number) => ({ id, author: 'rob', createdAt: '2026-01-01T00:00:00Z', text: 'Hm.' });
const issue: NonNullable<ContextFacts['issue']> = {
  number: 3,
  title: 'Coupons',
  body: '',
  url: 'https://github.com/acme/shop/issues/3',
  comments: [said(41), said(42)],
  olderComments: 7,
};

describe('ticketSeen', () => {
  it('is the hash of the fields as the context shows them, and the newest comment', () => {
    const shown = renderContext({ issue: { ...issue, comments: [], olderComments: 0 } }, 10_000);
    const hash = createHash('sha256').update(shown).digest('hex');
    expect(ticketSeen({ issue })).toEqual({ hash, newestComment: '42' });
  });

  it('is of the JIRA ticket where there is one', () => {
    expect(ticketSeen({ ticket, issue })).toEqual(ticketSeen({ ticket }));
    expect(ticketSeen({ ticket, issue }).hash).not.toBe(ticketSeen({ issue }).hash);
    expect(ticketSeen({ ticket, issue }).newestComment).toBe('');
  });

  it('changes with a field of the ticket', () => {
    const seen = ticketSeen({ ticket });
    for (const changed of [{ status: 'Done' }, { description: 'Other.' }, { labels: ['x'] }])
      expect(ticketSeen({ ticket: { ...ticket, ...changed } }).hash).not.toBe(seen.hash);
    expect(ticketSeen({ ticket: { ...ticket, olderComments: 5 } })).toEqual(seen);
  });

  it('is empty without a ticket', () => {
    expect(ticketSeen({})).toEqual({ hash: '', newestComment: '' });
  });
});
