import { bulletList, code, codeBlock, document, heading, mention, paragraph } from '../jira/adf.ts';
import type { StoreOptions } from '../jira/store.ts';

/** The accounts of the story, by what they do in it. */
export const accounts = {
  /** Writes the ticket and commands. */
  maria: '5f1a20c7e4b0a1002d8c3a11',
  /** Answers a question on the ticket. */
  rob: '5f1a20c7e4b0a1002d8c3a12',
  /** The service account that Dexter signs in as. */
  dexter: '712020:8d1f6a52-0c55-4a44-9b3e-2f3f0c5b7d10',
} as const;

/** Login on GitHub of each person of the story. */
export const loginOf: Record<string, string> = { [accounts.maria]: 'maria', [accounts.rob]: 'rob' };

export const ticketKey = 'SHOP-42';

/** The JIRA that the story begins with: one project, one ticket, two comments. */
export const story: StoreOptions & { serviceAccount: string } = {
  serviceAccount: accounts.dexter,
  users: [
    { accountId: accounts.maria, displayName: 'Maria Lang', email: 'maria@acme.example' },
    { accountId: accounts.rob, displayName: 'Rob Tan', email: 'rob@acme.example' },
    { accountId: accounts.dexter, displayName: 'Dexter', email: 'dexter@acme.example', accountType: 'app' },
  ],
  projects: [{ key: 'SHOP', name: 'Shop' }],
  issues: [
    {
      key: ticketKey,
      summary: 'Coupons that take a percentage off',
      type: 'Story',
      status: 'In Progress',
      priority: 'High',
      labels: ['checkout'],
      reporter: accounts.maria,
      created: '2026-01-12T08:55:00.000+0000',
      description: document(
        paragraph(
          'Marketing wants a summer sale: the coupon ',
          code('SUMMER10'),
          ' takes 10 % off the cart. Today a coupon can only take off a fixed amount.',
        ),
        heading(2, 'What a percentage is taken of'),
        paragraph(
          'Customers may enter several coupons, in any order. Coupons with an amount count first, then the percentages, each of what is left. Half a cent goes to the customer.',
        ),
        heading(2, 'Example'),
        codeBlock(
          'text',
          [
            '2 x Mug, 1 x Green tea            €34.97',
            'Coupon WELCOME5                   -€5.00',
            'Coupon SUMMER10                   -€3.00   (10 % of €29.97 is €2.997)',
            'Shipping                           €4.90',
            'Total                             €31.87',
          ].join('\n'),
        ),
        heading(2, 'Acceptance criteria'),
        bulletList(
          'SUMMER10 takes 10 % off what is left after the coupons with an amount.',
          'The result does not depend on the order in which coupons are entered.',
          'Every discount is a whole number of cents; half a cent is rounded up.',
          'The same coupon counts once, and the goods never cost less than nothing.',
          'The receipt shows each coupon with what it takes off, as it does now.',
        ),
      ),
      comments: [
        {
          author: accounts.rob,
          created: '2026-01-12T10:20:00.000+0000',
          body: document(
            paragraph(
              mention(accounts.maria, 'Maria Lang'),
              ' does free shipping look at the price before or after the percentage?',
            ),
          ),
        },
        {
          author: accounts.maria,
          created: '2026-01-12T10:41:00.000+0000',
          body: document(paragraph('After it, like with the other coupons. No change there.')),
        },
      ],
    },
  ],
};
