import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { rounded } from '../../../src/pricing/estimate/note-tables.ts';
import { numbersIn, type PublishedFigure } from '../../../src/pricing/estimate/published/figure.ts';
import { publishedFigures } from '../../../src/pricing/estimate/published-figures.ts';
import { findPrices } from '../../../src/pricing/find-prices.ts';
import type { ModelPrices } from '../../../src/pricing/model-prices.ts';

function pricesOf(model: string): ModelPrices {
  const found = findPrices(model);
  if (!found) throw new Error(`no prices of ${model}`);
  return found;
}

const figures = publishedFigures({
  'Sonnet 4.5': pricesOf('claude-sonnet-4-5'),
  'Opus 4.5': pricesOf('claude-opus-4-5'),
  'Haiku 4.5': pricesOf('claude-haiku-4-5'),
});

const note = await readFile(new URL('context-caching-research.md', import.meta.url), 'utf8');

/** As the note prints it, to the digits that it prints. */
function printed(values: readonly number[], published: string): number[] {
  const texts = [...published.replaceAll(/\/\d+K/g, '').matchAll(/\d[\d,]*(?:\.(\d+))?/g)];
  return values.map((value, index) => rounded(value, texts[index]?.[1]?.length ?? 0));
}

const named = (status: PublishedFigure['origin']['status']) =>
  figures
    .filter(({ origin }) => origin.status === status)
    .map(
      (figure) => [`${figure.table}: ${figure.row}, ${figure.column} ${figure.published}`, figure] as const,
    );

/** Tables and examples of the note below their headings. */
function sections(): { title: string; lines: string[] }[] {
  const found: { title: string; lines: string[] }[] = [];
  for (const line of note.split('\n')) {
    const title = /^#{2,3} (.+)$/.exec(line)?.[1] ?? /^\*\*(Option .+):\*\*$/.exec(line)?.[1];
    if (title !== undefined) found.push({ title, lines: [] });
    else found.at(-1)?.lines.push(line);
  }
  return found;
}

const bare = (cell: string) => cell.replaceAll(/\*\*|\\\*/g, '').trim();

/** Cells of the note's tables that hold a figure. */
function cells(): { table: string; row: string; column: string; text: string }[] {
  return sections().flatMap(({ title, lines }) => {
    const [head, , ...rows] = lines
      .filter((line) => line.startsWith('|'))
      .map((line) => line.split('|').slice(1, -1).map(bare));
    return rows.flatMap(([row = '', ...others]) =>
      others.flatMap((text, index) => {
        const column = head?.[index + 1] ?? '';
        return /\d/.test(text) && column !== 'Storage Type' && column !== 'Recommended'
          ? [{ table: title, row, column, text }]
          : [];
      }),
    );
  });
}

describe('the figures of the research note', () => {
  it('are all listed: each cell of its tables with a number', () => {
    const missing = cells().filter(
      ({ table, row, column, text }) =>
        !figures.some(
          (figure) =>
            figure.table === table &&
            figure.row === row &&
            figure.column === column &&
            figure.published === text,
        ),
    );
    expect(cells().length).toBeGreaterThan(150);
    expect(missing).toEqual([]);
  });

  it('are all listed: each line of its examples', () => {
    const lines = sections().flatMap(({ title, lines }) =>
      lines
        .map((line) => bare(line).replace(/^-\s+|^\d\.\s+/, ''))
        .filter((line) => /\d/.test(line) && !line.startsWith('|') && !/^(?:Source|Best ROI):/.test(line))
        .map((line) => ({ table: title, line })),
    );
    const missing = lines.filter(
      ({ table, line }) => !figures.some((figure) => figure.table === table && figure.row === line),
    );
    expect(missing).toEqual([]);
  });

  it('are none that the note does not have', () => {
    const text = bare(note);
    const foreign = figures.filter(({ row, published }) => !text.includes(row) || !text.includes(published));
    expect(foreign).toEqual([]);
  });

  it.each(named('given'))('%s is a parameter or a price of the list', (_, { published, origin }) => {
    expect(origin.values.length).toBeGreaterThan(0);
    expect(printed(origin.values, published)).toEqual(numbersIn(published));
    // No digits lost: what is given is given as it stands.
    expect(origin.values.map((value) => rounded(value, 6))).toEqual(numbersIn(published));
  });

  it.each(named('reproduced'))('%s is reproduced', (_, { published, origin }) => {
    expect(origin.values.length).toBeGreaterThan(0);
    expect(printed(origin.values, published)).toEqual(numbersIn(published));
  });

  it.each(named('explained'))('%s is explained, and does not add up', (_, { published, origin }) => {
    if (origin.status !== 'explained') throw new Error('not explained');
    expect(printed(origin.values, published)).not.toEqual(numbersIn(published));
    expect(origin.why.length).toBeGreaterThan(40);
    if (origin.fit) expect(origin.fit.values.map((value) => rounded(value, 6))).toEqual(numbersIn(published));
  });
});
