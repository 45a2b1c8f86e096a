import type { Estimate, HonestEstimate, MonthOfStrategy } from '../../pricing/estimate/estimate.ts';
import { formatGap } from '../../pricing/estimate/gaps.ts';
import { type Strategy, strategies } from '../../pricing/estimate/ticket-cost.ts';
import { cacheLives, count, counted, dollars, netDollars, percent, price } from './figures.ts';
import { type Block, heading, left, type Page, right, text } from './page.ts';

const names: Readonly<Record<Strategy, string>> = {
  cold: 'New start each time',
  full: 'Full resume each time',
  dexter: 'Dexter',
};

/** The outcome in a few lines. `basis` says of what it was measured, where that is so. */
export function summary({ parameters, prices, honest }: Estimate, basis?: Basis): Page {
  const { tickets, followUps } = parameters;
  const scaled = basis?.scaledFrom === undefined ? '' : ` (scaled up from ${basis.scaledFrom})`;
  const when =
    followUps > 0
      ? `${counted(followUps, 'follow-up', 2)} each, ${gapsInWords(parameters)}`
      : 'no follow-ups';
  return [
    heading(2, 'In short'),
    text(`${counted(tickets, 'ticket')} a month${scaled} with ${when}; ${prices.model}, storage included.`),
    ...(basis ? [text(...basis.remarks)] : []),
    ...(followUps > 0 ? [totals(honest), ...inShort(honest)] : [nothingToSave(honest)]),
  ];
}

/** What the figures were measured by. */
export interface Basis {
  /** What a month was made of, when that many were measured: `4 tickets in 10 days`. */
  scaledFrom: string | undefined;
  remarks: readonly string[];
}

function totals({ months }: HonestEstimate): Block {
  return {
    kind: 'table',
    head: [left(''), right('A month'), right('Saved'), right('')],
    rows: months.map((month) => [
      names[month.strategy],
      dollars(month.totalUsd),
      month.strategy === 'cold' ? '' : netDollars(month.savedUsd),
      month.strategy === 'cold' ? '' : percent(month.savedShare),
    ]),
  };
}

/** The shares of the table of a follow-up: its rows differ by whether the prompt cache holds the conversation. */
function inShort({ followUps }: HonestEstimate): Block[] {
  const sharesOf = (holds: boolean) => {
    const { full, dexter } = followUps.find(({ isWarm }) => isWarm === holds)?.costs ?? {};
    return { full: percent(full?.shareOfCold ?? null), dexter: percent(dexter?.shareOfCold ?? null) };
  };
  const [early, later] = [sharesOf(true), sharesOf(false)];
  const [isEarly, isLate] = [true, false].map((holds) => followUps.some(({ isWarm }) => isWarm === holds));
  if (isEarly && isLate)
    return [
      text(
        `With Dexter a follow-up costs ${early.dexter} of a new start while the prompt cache holds the conversation, and ${later.dexter} afterwards; with the whole conversation resumed each time ${early.full} and ${later.full}.`,
      ),
    ];
  const only = isEarly ? early : later;
  return [
    text(
      `With Dexter a follow-up costs ${only.dexter} of a new start, and with the whole conversation resumed ${only.full}: by then the prompt cache ${isEarly ? 'still holds' : 'has lost'} the conversation.`,
    ),
  ];
}

function nothingToSave({ months, tickets }: HonestEstimate): Block {
  const [cold, , dexter] = months;
  return text(
    `Without follow-ups there is nothing to save: a ticket costs ${dollars(tickets.cold.totalUsd)} whichever way, all of them ${dollars(cold?.modelUsd ?? 0)} a month, and keeping their sessions ${dollars(dexter?.storageUsd ?? 0)} more.`,
  );
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

/** What it costs under the rules of the prompt cache. */
export function honestPage(estimate: Estimate): Page {
  const { parameters, prices } = estimate;
  const write = parameters.cacheLife === '1h' ? prices.cacheWrite1h : prices.cacheWrite5m;
  const hasFollowUps = parameters.followUps > 0;
  return [
    heading(2, 'What it costs with a prompt cache'),
    text(
      `The agent sends the whole conversation with every request. What the provider's prompt cache holds costs ${price(prices.cacheRead)} for a million tokens, what has to be written to it ${price(write)}, and it holds a conversation for ${cacheLives[parameters.cacheLife]}.`,
      hasFollowUps
        ? 'So it matters when a follow-up comes:'
        : 'So it matters when a follow-up comes, and here none does.',
    ),
    ...(hasFollowUps ? comparison(estimate) : []),
    heading(3, 'What is assumed'),
    text(
      `Tools and system prompt have ${counted(parameters.baseTokens, 'token')}. The first run reads ${count(parameters.taskTokens)} in ${counted(parameters.firstRequests, 'request', 1)}; a new start later reads 70 % of that again. A follow-up that knows its way takes ${counted(parameters.requests, 'request', 1)} and adds ${counted(parameters.newTokens, 'token')}; each run writes ${count(parameters.outputTokens)}. A compacted copy has ${counted(parameters.compactedTokens, 'token')}, and making it writes ${count(parameters.summaryTokens)}. Prices: ${prices.source}${prices.date === '' ? '' : `, ${prices.date}`}.`,
    ),
    ...(hasFollowUps ? [text(howDexterGoesOn)] : []),
  ];
}

const howDexterGoesOn =
  'Dexter goes on in the way that is expected to cost least, with some preference for the one that remembers more: the whole conversation, its compacted copy, or a new start. It makes the copy at the end of a run, while the cache still holds the conversation, if it has more than 40,000 tokens and the copy saves a late follow-up more than twice its cost. Each copy that is made is counted, also those that nobody comes back to. Where copies do not pay (see the break-even), they are taken to be switched off, as the input `compact-above: 0` of the action does.';

function comparison(estimate: Estimate): Block[] {
  const { parameters, honest, storage } = estimate;
  return [
    ...followUpTable(estimate),
    ...ticketTable(estimate),
    heading(3, `A month: ${counted(parameters.tickets, 'ticket')}`),
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
    heading(3, `At scale: ${counted(parameters.tickets * parameters.scale, 'ticket')} a month`),
    {
      kind: 'table',
      head: [
        left(''),
        right('Model'),
        right('Storage'),
        right('Total'),
        right('Saved'),
        right(''),
        right('Return'),
      ],
      rows: honest.atScale.map((month) => [
        ...monthRow(month),
        month.strategy === 'cold' || month.roi === null ? '' : `${count(month.roi)}x`,
      ]),
    },
    text('The return is what is saved for each dollar of storage.'),
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
    text(
      'Each row as if all follow-ups came then: their mean, compacted copies included. The share is of a new start.',
    ),
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

function breakEven({ honest: { breakEven: even } }: Estimate): string[] {
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
  return [tickets, followUps, copiesInWords(even)];
}

const areOff = 'they are taken to be switched off (`compact-above: 0`)';

/** When compacted copies pay, and whether they are counted above. */
function copiesInWords({
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
