import type { Estimate } from '../../pricing/estimate/estimate.ts';
import { type NoteOption, optionNames } from '../../pricing/estimate/note-tables.ts';
import type { PublishedFigure } from '../../pricing/estimate/published/figure.ts';
import {
  cacheLives,
  count,
  counted,
  dollars,
  netDollars,
  percent,
  plainDollars,
  price,
  size,
} from './figures.ts';
import { type Block, type Cell, heading, left, type Note, type Page, right, text } from './page.ts';

/** Names of the options in its tables of costs. */
const shortNames: Readonly<Record<NoteOption, string>> = {
  none: 'No caching',
  B: 'B: Redis (JIRA)',
  D: 'D: Persistent WS',
  E: 'E: Pre-fetch',
  G: 'G: Session S3',
  H: 'H: Hybrid',
};

/**
 * The research note's tables from their parameters. With `figures`, for its own parameters, each figure that does not
 * simply follow has a note beside it.
 */
export function notePage(estimate: Estimate, figures: readonly PublishedFigure[]): Page {
  const { note, parameters, storage, prices } = estimate;
  const { tickets, followUps, scale } = parameters;
  const isPublished = figures.length > 0;
  const section = (title: string, build: (cell: CellOf) => Block): Block[] => {
    const notes = footnotes(figures);
    const block = build(notes.cell);
    return [
      heading(3, title),
      block,
      ...(notes.all.length > 0 ? [{ kind: 'notes', notes: notes.all } as const] : []),
    ];
  };
  const costs = 'Monthly Costs: 100 tickets, 3 follow-ups each';
  return [
    heading(2, 'What the research note reckons'),
    text(
      'Dexter began with a research note, of 29 January 2026, about keeping the context of a ticket for its follow-ups.',
      isPublished
        ? 'These are its tables, reckoned again from their parameters, to the digit. A number beside a figure leads to how it comes about, where that is not plain or does not add up.'
        : 'These are its tables with your parameters, not rounded on the way.',
      'They count each token once, at the price of input, and know nothing of the prompt cache: what a follow-up really costs stands further above.',
    ),
    ...section('What is kept', (cell) => ({
      kind: 'table',
      head: [left('Option'), right('One item'), right(counted(tickets, 'item')), left('Kept in')],
      rows: note.stored.map(({ option, itemBytes: [least, most], totalBytes, storage: where }) => {
        const of = cell('Per-Option Storage Requirements', optionNames[option]);
        return [
          optionNames[option],
          of('Per-Item Size', size(most, least)),
          of('100 Items', size(totalBytes)),
          where,
        ];
      }),
    })),
    ...section('What storage costs', (cell) => ({
      kind: 'table',
      head: [left('Storage'), right('GB a month'), right('100 GB a month')],
      rows: note.gbPrices.map(({ name, gbUsd, hundredGbUsd }, index) => {
        const of = cell('Storage Costs', gbRows[index] ?? '');
        return [name, of('Cost/GB/month', price(gbUsd)), of('100 GB Cost', plainDollars(hundredGbUsd))];
      }),
    })),
    ...section('Tokens of a task', (cell) => ({
      kind: 'table',
      head: [
        left('Context'),
        right('Size'),
        right('Tokens'),
        right(`Input, ${prices.model}`),
        right('Share'),
      ],
      rows: note.task.map(({ part, kb, tokens, usd, share }) => {
        const of = cell('Token Analysis', taskRows[part]);
        return [
          taskRows[part],
          size(kb * 1000),
          of('Tokens', count(tokens)),
          of('Cost (Sonnet)', dollars(usd, 3)),
          of('% of Total', percent(share, 1)),
        ];
      }),
    })),
    ...section(
      `A month: ${counted(tickets, 'ticket')}, ${counted(followUps, 'follow-up', 2)} each`,
      (cell) => ({
        kind: 'table',
        head: [left('Option'), right('Storage'), right('API'), right('Total'), right('Net savings')],
        rows: note.months.map(({ option, storageUsd, apiUsd, totalUsd, netUsd }) => {
          const of = cell(costs, shortNames[option]);
          return [
            shortNames[option],
            of('Storage Cost', plainDollars(storageUsd)),
            of('API Cost', dollars(apiUsd)),
            of('Total Cost', dollars(totalUsd)),
            of('Net Savings', netDollars(netUsd)),
          ];
        }),
      }),
    ),
    ...section('Break-even', (cell) => ({
      kind: 'table',
      head: [
        left('Option'),
        right('Storage'),
        right('Savings'),
        right('Net'),
        right('Tickets that pay for it'),
      ],
      rows: note.breakEven.map((row) => {
        const where = row.option === 'D' ? 'Option D (Persistent Workspaces)' : 'Option G (Session S3)';
        const of = (starts: string, shown: string) => cell(where, starts)('', shown);
        return [
          shortNames[row.option],
          plainDollars(row.storageUsd),
          of('Savings: ', dollars(row.savingsUsd)),
          netDollars(row.netUsd),
          of('Break-even: ', row.tickets === null ? 'never' : count(row.tickets)),
        ];
      }),
    })),
    ...section(`At scale: ${counted(tickets * scale, 'ticket')} a month`, (cell) => ({
      kind: 'table',
      head: [left('Option'), right('Storage'), right('Savings'), right('Savings / storage')],
      rows: note.atScale.map(({ option, storageUsd, savingsUsd, roi }) => {
        const of = cell('At Scale: 1000 tickets/month', shortNames[option]);
        return [
          shortNames[option],
          of('Storage', plainDollars(storageUsd)),
          of('Savings', plainDollars(savingsUsd)),
          of('ROI', roi === null ? '–' : `${roi < 10 ? roi.toFixed(1) : count(roi)}x`),
        ];
      }),
    })),
    ...section(`Examples: ${storage.object.name} and ${storage.disk.name}`, (cell) => {
      const { bucket, disk } = note;
      const of = (starts: string, shown: string) =>
        cell('AWS S3 (Object Storage) - US East Region', starts)('', shown);
      return {
        kind: 'table',
        head: [left('What'), left('How much'), right('A month')],
        rows: [
          ['Sessions', size(bucket.gb * 1e9), dollars(bucket.storageUsd)],
          [
            'Uploads and downloads',
            `${count(tickets)} and ${count(bucket.restores)}`,
            dollars(bucket.requestsUsd, 4),
          ],
          [
            'Transfer to runners',
            size(bucket.restores * parameters.sessionMb[1] * 1e6),
            of('Downloads', dollars(bucket.transferUsd)),
          ],
          ['Sessions, together', '', of('Total', dollars(bucket.totalUsd))],
          ['Workspaces', size(disk.gb * 1e9), dollars(disk.usd)],
        ],
      };
    }),
    ...(followUps > 0 ? tooOptimistic(estimate) : []),
  ];
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
        ? `The promise needs the prompt cache, and ${percent(lateShare)} of the follow-ups come when ${cacheLives[parameters.cacheLife]} are over: each of them writes the whole conversation to the cache again and costs ${percent(promise.lateShare)} of a new start, not ${percent(promise.noteShare, 1)}.`
        : `With these gaps the prompt cache holds the conversation each time. Of a follow-up that comes when ${cacheLives[parameters.cacheLife]} are over, full resume costs ${percent(promise.lateShare)} of a new start.`,
    ),
    text(
      'It counts each token once, and an agent sends it again with every request: so its dollars are too few for every option, and a new start is dearer than it thinks because it takes more requests.',
    ),
  ];
}

const gbRows = ['Redis (ElastiCache)', 'EBS gp3 (Disk)', 'S3 Standard', 'S3 Infrequent Access'];

const taskRows = { ticket: 'JIRA ticket', code: 'Codebase reads', total: 'Total' } as const;

type CellOf = (table: string, row: string) => (column: string, shown: string) => Cell;

/** Numbers the notes of a table, each text once. */
function footnotes(figures: readonly PublishedFigure[]): { cell: CellOf; all: Note[] } {
  const all: Note[] = [];
  const cell: CellOf = (table, row) => (column, shown) => {
    const figure = figures.find(
      (one) =>
        one.table === table &&
        one.column === column &&
        (column === '' ? one.row.startsWith(row) : one.row === row),
    );
    const said = figure && noteOn(figure);
    if (said === undefined) return shown;
    const known = all.find((note) => note.text === said);
    if (known) return { text: shown, notes: [known.number] };
    all.push({ number: all.length + 1, text: said });
    return { text: shown, notes: [all.length] };
  };
  return { cell, all };
}

/** What is to be said beside a figure; nothing of one that simply follows. */
function noteOn({ published, origin }: PublishedFigure): string | undefined {
  switch (origin.status) {
    case 'given':
      return undefined;
    case 'reproduced':
      return origin.remark === undefined ? undefined : `${published} is ${origin.how}. ${origin.remark}`;
    case 'explained':
      return `The note has ${published}. ${origin.why}${origin.fit ? ` What gives it: ${origin.fit.how}.` : ''}`;
  }
}
