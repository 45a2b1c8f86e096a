import { rounded } from '../../pricing/estimate/note-tables.ts';
import type { PublishedFigure } from '../../pricing/estimate/published/figure.ts';
import {
  gbMonthPrice,
  monthlyPrice,
  type StoragePrice,
  type StorageUnit,
} from '../../pricing/storage-prices.ts';
import { count, dollars, price, size } from './figures.ts';
import { type Block, type Cell, heading, left, type Page, right, text } from './page.ts';

/** What there is no room for on a terminal: all prices, and how each figure of the note comes about. */
export function appendix(prices: readonly StoragePrice[], figures: readonly PublishedFigure[]): Page {
  return [
    { kind: 'appendix', blocks: [...priceList(prices), ...(figures.length > 0 ? everyFigure(figures) : [])] },
  ];
}

function priceList(prices: readonly StoragePrice[]): Block[] {
  const notes: { number: number; text: string }[] = [];
  const named = ({ name, remark }: StoragePrice): Cell => {
    if (remark === undefined) return name;
    const known = notes.find((note) => note.text === remark);
    if (!known) notes.push({ number: notes.length + 1, text: remark });
    return { text: name, notes: [known?.number ?? notes.length] };
  };
  const dates = [...new Set(prices.map(({ date }) => date))].filter((date) => date !== '').sort();
  return [
    heading(2, 'Storage prices'),
    text(
      `In US dollars, region US East, on demand, as read on ${dates.join(' and ')}; a month has 730 hours. \`--storage\`, \`--disk\` and \`--redis\` take the id, \`--prices\` a file with others.`,
    ),
    {
      kind: 'table',
      head: [
        left('Provider'),
        left('What'),
        left('Id'),
        left('Price'),

        right('GB a month, when full'),
      ],
      rows: prices.map((one) => [
        one.provider,
        named(one),
        `\`${one.id}\``,
        inWords(one),
        price(rounded(gbMonthPrice(one), 4)),
      ]),
    },
    ...(notes.length > 0 ? [{ kind: 'notes', notes } as const] : []),
    text(
      `Sources: ${[...new Set(prices.map(({ source }) => source))].filter((source) => source.startsWith('https://')).join(' · ')}`,
    ),
  ];
}

function inWords({ rates, capacityGb }: StoragePrice): string {
  const parts = Object.entries(rates) as [StorageUnit, number][];
  const all = parts.map(([unit, usd]) => {
    if (unit === 'hour') return `${price(usd)} an hour (${dollars(monthlyPrice({ rates }))} a month)`;
    if (unit === 'month') return `${price(usd)} a month`;
    return `${price(usd)} / ${unit}`;
  });
  const holds = capacityGb === undefined ? '' : `, holds ${size(capacityGb * 1e9)}`;
  return `${all.join(', ')}${holds}`;
}

function everyFigure(figures: readonly PublishedFigure[]): Block[] {
  const reckoned = figures.filter(({ origin }) => origin.status !== 'given');
  const explained = figures.filter(({ origin }) => origin.status === 'explained');
  return [
    heading(2, 'Every figure of the note'),
    text(
      `The tables and examples of the note hold ${count(figures.length)} figures. ${count(figures.length - reckoned.length)} are what it starts from: measured, assumed, or a price. ${count(reckoned.length - explained.length)} follow from those and are reproduced to the digit. ${count(explained.length)} do not follow, and say why.`,
    ),
    {
      kind: 'table',
      head: [left('Table'), left('Row'), right('Published'), left(''), left('How it comes about')],
      rows: reckoned.map(({ table, row, column, published, origin }) => [
        table.replace(/: .*$| \(.*$| - .*$/, ''),
        column === '' ? row : `${row}, ${column}`,
        published,
        origin.status === 'explained' ? 'explained' : 'reproduced',
        howOf(origin),
      ]),
    },
  ];
}

function howOf(origin: PublishedFigure['origin']): string {
  switch (origin.status) {
    case 'given':
      return '';
    case 'reproduced':
      return origin.how;
    case 'explained':
      return `${origin.why}${origin.fit ? ` What gives it: ${origin.fit.how}.` : ''}`;
  }
}
