import type { Estimate, HonestEstimate, MonthOfStrategy } from '../../pricing/estimate/estimate.ts';
import { formatGap } from '../../pricing/estimate/gaps.ts';
import { type Strategy, strategies } from '../../pricing/estimate/ticket-cost.ts';
import { count, dollars, netDollars, percent, price } from './figures.ts';
import { type Block, heading, left, type Page, right, text } from './page.ts';

const names: Readonly<Record<Strategy, string>> = {
  cold: 'New start each time',
  full: 'Full resume each time',
  dexter: 'Dexter',
};

const lives = { '5m': 'five minutes', '1h': 'an hour' } as const;

/** The outcome in a few lines. */
export function summary({ parameters, prices, honest }: Estimate): Page {
  const { tickets, followUps } = parameters;
  const [cold, full, dexter] = honest.months;
  if (!cold || !full || !dexter) return [];
  const { promise } = honest;
  return [
    heading(2, 'In short'),
    text(
      `${count(tickets)} tickets a month with ${count(followUps, 2)} follow-ups each${followUps > 0 ? `, ${gapsInWords(parameters)}` : ''}; ${prices.model}, storage included.`,
    ),
    {
      kind: 'table',
      head: [left(''), right('A month'), right('Saved'), right('')],
      rows: [cold, full, dexter].map((month) => [
        names[month.strategy],
        dollars(month.totalUsd),
        month.strategy === 'cold' ? '' : netDollars(month.savedUsd),
        month.strategy === 'cold' ? '' : percent(month.savedShare),
      ]),
    },
    ...(followUps > 0 && promise.warmShare !== null
      ? [
          text(
            `A follow-up in a restored session costs ${percent(promise.warmShare)} of a new start while the prompt cache holds the conversation, ${percent(promise.lateShare)} afterwards. The research note takes ${percent(promise.noteShare, 1)}, whenever it comes.`,
          ),
        ]
      : []),
  ];
}

function gapsInWords({ gaps }: Estimate['parameters']): string {
  const isEven = gaps.every(({ share }) => Math.abs(share * gaps.length - 1) < 1e-9);
  const all = gaps.map(
    ({ seconds, share }) => `${formatGap(seconds)}${isEven ? '' : ` (${percent(share)})`}`,
  );
  const listed =
    all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} ${isEven ? 'or' : 'and'} ${all.at(-1)}`;
  return `${listed} after the run before${isEven && all.length > 1 ? ', equally often' : ''}`;
}

/** The same under the rules of the prompt cache. */
export function honestPage(estimate: Estimate): Page {
  const { parameters, prices, honest, storage } = estimate;
  const { followUps } = parameters;
  const write = parameters.cacheLife === '1h' ? prices.cacheWrite1h : prices.cacheWrite5m;
  return [
    heading(2, 'What it costs with a prompt cache'),
    text(
      `The agent sends the whole conversation with every request. What the provider's prompt cache holds costs ${price(prices.cacheRead)} for a million tokens, what has to be written to it ${price(write)}, and it holds a conversation for ${lives[parameters.cacheLife]}. So it matters when a follow-up comes:`,
    ),
    ...(followUps > 0 ? followUpTable(estimate) : [text('There are no follow-ups.')]),
    ...ticketTable(estimate),
    heading(3, `A month: ${count(parameters.tickets)} tickets`),
    {
      kind: 'table',
      head: [left(''), right('Model'), right('Storage'), right('Total'), right('Saved'), right('')],
      rows: honest.months.map((month) => monthRow(month)),
    },
    text(
      `Stored are ${count(honest.kept.gb, 2)} GB in ${storage.object.provider} ${storage.object.name}: sealed archives of ${count(parameters.archiveMb, 1)} MB, of each session the newest ${count(honest.kept.generations, 1)}. Runners fetch ${count(honest.kept.gbOut, 2)} GB.`,
    ),
    heading(3, 'Break-even'),
    text(...breakEven(estimate)),
    heading(3, `At scale: ${count(parameters.tickets * parameters.scale)} tickets a month`),
    {
      kind: 'table',
      head: [
        left(''),
        right('Model'),
        right('Storage'),
        right('Total'),
        right('Saved'),
        right(''),
        right('Savings / storage'),
      ],
      rows: honest.atScale.map((month) => [
        ...monthRow(month),
        month.strategy === 'cold' || month.roi === null ? '' : `${count(month.roi)}x`,
      ]),
    },
    ...(followUps > 0 ? tooOptimistic(estimate) : []),
    heading(3, 'What is assumed'),
    text(
      `Tools and system prompt have ${count(parameters.baseTokens)} tokens. The first run reads ${count(parameters.taskTokens)} in ${count(parameters.firstRequests, 1)} requests; a new start later reads 70 % of that again. A follow-up that knows its way takes ${count(parameters.requests, 1)} requests and adds ${count(parameters.newTokens)} tokens; each run writes ${count(parameters.outputTokens)}. A compacted copy has ${count(parameters.compactedTokens)} tokens, and making it writes ${count(parameters.summaryTokens)}. Prices: ${prices.source}${prices.date === '' ? '' : `, ${prices.date}`}.`,
    ),
    text(
      'Dexter goes on in the way that is expected to cost least, with some preference for the one that remembers more: the whole conversation, its compacted copy, or a new start. It makes the copy at the end of a run, while the cache still holds the conversation, if it has more than 40,000 tokens and the copy saves a late follow-up more than twice its cost. Each copy that is made is counted, also those that nobody comes back to. Where copies do not pay (see the break-even), they are taken to be switched off: `compact-above: 0`.',
    ),
  ];
}

function followUpTable({ honest }: Estimate): Block[] {
  return [
    heading(3, 'A follow-up'),
    {
      kind: 'table',
      head: [
        left('Comes after'),
        left('Prompt cache'),
        right(names.cold),
        right('Full resume'),
        right(''),
        right('Dexter'),
        right(''),
      ],
      rows: honest.followUps.map(({ gap, isWarm, costs }) => [
        gap ? formatGap(gap.seconds) : 'the mix',
        isWarm === null ? '' : isWarm ? 'holds it' : 'has lost it',
        dollars(costs.cold.usd),
        dollars(costs.full.usd),
        percent(costs.full.shareOfCold),
        dollars(costs.dexter.usd),
        percent(costs.dexter.shareOfCold),
      ]),
    },
    text('Mean of all follow-ups of a ticket, compacted copies included; the share is of a new start.'),
  ];
}

function ticketTable({ honest: { tickets } }: Estimate): Block[] {
  const cold = tickets.cold.totalUsd;
  return [
    heading(3, 'A ticket'),
    {
      kind: 'table',
      head: [
        left(''),
        right('First run'),
        right('Follow-ups'),
        right('Copies'),
        right('Together'),
        right(''),
      ],
      rows: strategies.map((strategy) => {
        const { firstUsd, followUpsUsd, copiesUsd, totalUsd } = tickets[strategy];
        return [
          names[strategy],
          dollars(firstUsd),
          dollars(followUpsUsd),
          strategy === 'dexter' ? dollars(copiesUsd) : '',
          dollars(totalUsd),
          percent(cold > 0 ? totalUsd / cold : null),
        ];
      }),
    },
  ];
}

function monthRow({
  strategy,
  modelUsd,
  storageUsd,
  totalUsd,
  savedUsd,
  savedShare,
}: MonthOfStrategy): string[] {
  const isCold = strategy === 'cold';
  return [
    names[strategy],
    dollars(modelUsd),
    isCold ? '' : dollars(storageUsd),
    dollars(totalUsd),
    isCold ? '' : netDollars(savedUsd),
    isCold ? '' : percent(savedShare),
  ];
}

function breakEven({ honest: { breakEven: even }, parameters }: Estimate): string[] {
  const tickets =
    even.tickets === null
      ? 'With these parameters the savings never pay for the storage.'
      : even.tickets === 1
        ? 'The storage pays from the first ticket on.'
        : `The storage pays from ${count(even.tickets)} tickets a month on.`;
  const paidFor = even.makesCopies ? 'all copies and storage' : 'the storage';
  const needed = even.followUps === null ? null : Math.ceil(100 * even.followUps - 1e-9);
  const followUps =
    needed === null
      ? 'A follow-up saves nothing.'
      : `${needed === 1 ? 'One follow-up' : `${count(needed)} follow-ups`} for each 100 tickets ${needed === 1 ? 'pays' : 'pay'} for ${paidFor}.`;
  return [tickets, ...(parameters.followUps > 0 ? [followUps] : []), copiesInWords(even)];
}

const areOff = 'they are taken to be switched off (`compact-above: 0`)';

/** When compacted copies pay, and whether they are counted above. */
export function copiesInWords({
  copyUsd,
  makesCopies,
  lateShare,
  lateShareHere,
}: HonestEstimate['breakEven']): string {
  const usd = dollars(copyUsd);
  const isThreshold = lateShare !== null && lateShare > 0 && makesCopies === lateShareHere >= lateShare;
  if (isThreshold) {
    const digits = percent(lateShare) === percent(lateShareHere) ? 1 : 0;
    const here = `here ${percent(lateShareHere, digits)} do, so ${makesCopies ? 'they are counted' : areOff}`;
    return `A compacted copy of the first run costs ${usd}. Copies pay when more than ${percent(lateShare, digits)} of the follow-ups come after the life of the prompt cache: ${here}.`;
  }
  if (!makesCopies)
    return `A compacted copy of the first run would cost ${usd}. Copies do not pay here, so ${areOff}.`;
  const even =
    lateShare === 0 ? ', even when all follow-ups come within the life of the prompt cache' : ' here';
  return `A compacted copy of the first run costs ${usd}. Copies pay${even}, so they are counted.`;
}

function tooOptimistic({ parameters, honest, note }: Estimate): Block[] {
  const { promise, months } = honest;
  const none = note.months.find(({ option }) => option === 'none');
  const sessions = note.months.find(({ option }) => option === 'G');
  const full = months.find(({ strategy }) => strategy === 'full');
  const dexter = months.find(({ strategy }) => strategy === 'dexter');
  if (!none || !sessions || !full || !dexter) return [];
  const promised = none.apiUsd > 0 ? (none.apiUsd - sessions.apiUsd) / none.apiUsd : null;
  const lateShare = honest.breakEven.lateShareHere;
  return [
    heading(3, 'Where the note is too optimistic'),
    text(
      `It promises that restored sessions save ${percent(promised)} of the API cost. Full resume, which is what it proposes, saves ${percent(full.savedShare)} with these gaps; Dexter saves ${percent(dexter.savedShare)}.`,
      lateShare > 0
        ? `The promise needs the prompt cache, and ${percent(lateShare)} of the follow-ups come when ${lives[parameters.cacheLife]} are over: each of them writes the whole conversation to the cache again and costs ${percent(promise.lateShare)} of a new start, not ${percent(promise.noteShare, 1)}.`
        : `With these gaps the prompt cache holds the conversation each time. Of a follow-up that comes when ${lives[parameters.cacheLife]} are over, full resume costs ${percent(promise.lateShare)} of a new start.`,
    ),
    text(
      'It counts each token once, and an agent sends it again with every request: so its dollars are too few for every option, and a new start is dearer than it thinks because it takes more requests.',
    ),
  ];
}
