// The rows of docs/resume-policy.md: facts in words, and what the policy makes of them.
import { preference, smallTokens } from '../src/pricing/cheapest-way.ts';
import { findPrices } from '../src/pricing/find-prices.ts';
import { formatCost, formatCount } from '../src/report/figures.ts';
import { choose, clockSkewMs, type Earlier, type ResumeFacts, startMs } from '../src/sessions/choose.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const model = 'claude-sonnet-4-5';

type Session = Omit<Earlier, 'ageMs'>;

const usual = {
  cacheLife: '5m',
  baseTokens: 7_760,
  requests: 4,
  isEstimated: false,
  moved: [],
  ticket: 'same',
  branch: 'kept',
} as const;

/** As on the benchmark: a first run reads 55 files. */
const large: Session = {
  ...usual,
  fullTokens: 140_000,
  compactedTokens: 15_000,
  start: { contextTokens: 140_000, requests: 30 },
};
const small: Session = { ...usual, fullTokens: 20_000, start: { contextTokens: 20_000, requests: 8 } };
const huge: Session = {
  ...usual,
  fullTokens: 600_000,
  compactedTokens: 30_000,
  start: { contextTokens: 140_000, requests: 30 },
};
const { compactedTokens: _, ...withoutCopy } = large;
const grown: Session = {
  ...withoutCopy,
  fullTokens: 300_000,
  start: { contextTokens: 60_000, requests: 12 },
};

interface Row {
  session: string;
  earlier: Session | undefined;
  ageMs?: number;
  age: string;
  also?: string;
  facts?: Partial<ResumeFacts>;
}

const rows: Row[] = [
  { session: 'none yet', earlier: undefined, age: '' },
  { session: 'large, with a copy', earlier: large, ageMs: 2 * minute, age: '2 min' },
  { session: 'large, with a copy', earlier: large, ageMs: hour, age: '1 h' },
  { session: 'large, with a copy', earlier: large, ageMs: day, age: '1 day' },
  {
    session: 'large, with a copy',
    earlier: { ...large, cacheLife: '1h' },
    ageMs: 30 * minute,
    age: '30 min',
    also: 'cache for 1 h',
  },
  {
    session: 'large, with a copy',
    earlier: { ...large, cacheLife: '1h' },
    ageMs: day,
    age: '1 day',
    also: 'cache for 1 h',
  },
  { session: 'large, no copy', earlier: withoutCopy, ageMs: hour, age: '1 h' },
  { session: 'small, no copy', earlier: small, ageMs: 2 * minute, age: '2 min' },
  { session: 'small, no copy', earlier: small, ageMs: day, age: '1 day' },
  { session: 'very large, with a copy', earlier: huge, ageMs: 2 * minute, age: '2 min' },
  { session: 'grown over many follow-ups, no copy', earlier: grown, ageMs: day, age: '1 day' },
  {
    session: 'large, with a copy',
    earlier: { ...large, moved: ['the model is claude-opus-4-5 now and was claude-sonnet-4-5'] },
    ageMs: 2 * minute,
    age: '2 min',
    also: '`--model claude-opus-4-5`',
    facts: { model: 'claude-opus-4-5' },
  },
  {
    session: 'large, with a copy',
    earlier: { ...large, moved: ['Claude Code is 2.1.331 now and was 2.1.330'] },
    ageMs: 2 * minute,
    age: '2 min',
    also: 'another CLI',
  },
  {
    session: 'large, with a copy',
    earlier: { ...large, ticket: 'rewritten' },
    ageMs: 2 * minute,
    age: '2 min',
    also: 'ticket rewritten',
  },
  {
    session: 'large, with a copy',
    earlier: { ...large, branch: 'gone' },
    ageMs: hour,
    age: '1 h',
    also: 'branch reset',
  },
  {
    session: 'large, with a copy',
    earlier: { ...large, branch: 'unknown' },
    ageMs: hour,
    age: '1 h',
    also: 'its last commit is not on the runner',
  },
  {
    session: 'large, with a copy',
    earlier: large,
    ageMs: 2 * minute,
    age: '2 min',
    also: '`--fresh`',
    facts: { wantsFresh: true },
  },
  {
    session: 'large, with a copy',
    earlier: large,
    ageMs: -3 * hour,
    age: '3 h from now',
    also: 'the clock has jumped',
  },
  {
    session: 'large, no copy',
    earlier: { ...withoutCopy, isEstimated: true },
    ageMs: day,
    age: '1 day',
    also: 'saved by an earlier version',
  },
  {
    session: 'large, with a copy',
    earlier: large,
    ageMs: day,
    age: '1 day',
    also: 'a model without prices',
    facts: { model: 'another-model' },
  },
  {
    session: 'cannot be opened',
    earlier: undefined,
    age: '',
    facts: { lost: 'the earlier conversation could not be continued (it is sealed with another key)' },
  },
];

export const decisionHead = [
  'Session',
  'Age',
  'Also',
  '`warm`',
  '`compacted`',
  '`fresh`',
  'Choice',
  'Reason',
];

/** One row of cells for each case, decided by the policy itself. */
export function decisionRows(): string[][] {
  return rows.map(({ session, earlier, ageMs, age, also = '', facts = {} }) => {
    const asked = facts.model ?? model;
    const prices = findPrices(asked);
    const { resumption } = choose({
      wantsFresh: false,
      model: asked,
      prices,
      earlier: earlier && { ...earlier, ageMs },
      ...facts,
    });
    const { warm, compacted, fresh } = resumption.expectedUsd;
    const costs = [warm, compacted, fresh].map((cost) => (cost === null ? '–' : formatCost(cost)));
    return [session, age, also, ...costs, `\`${resumption.choice}\``, resumption.reason];
  });
}

/** The figures that the policy goes by. */
export function figureRows(): string[][] {
  return [
    [
      `${preference * 100} %`,
      'so much more a way may cost that remembers more, before a cheaper one is taken',
    ],
    [
      `${formatCount(smallTokens)} input tokens`,
      'or so much more, where that is more: nobody would give up a conversation for it',
    ],
    [
      `${startMs / 1000} s`,
      'pass between the choice and the first request; a cache that expires meanwhile is not counted on',
    ],
    [
      `${clockSkewMs / 1000} s`,
      'may two runners differ in their clocks; a session from further ahead has no known age',
    ],
  ];
}
