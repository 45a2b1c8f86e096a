import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { type BarsByDay, barsByDay } from '../../../src/dashboard/charts/bars-by-day.ts';

const days = Array.from({ length: 30 }, (_, index) =>
  new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10),
);

function drawn(changes: Partial<BarsByDay> = {}) {
  const page = String(
    barsByDay({
      title: 'Cost by day',
      description: 'What runs cost: $1.50 & more, <b>in all</b>.',
      days,
      series: [
        { name: 'Cost', colour: 1, values: days.map((_, index) => index) },
        { name: 'Saved', colour: 2, values: days.map((_, index) => (index === 3 ? -2 : 1)) },
        { name: 'Nothing', colour: 3, values: days.map(() => 0) },
      ],
      format: (value) => `$${value}`,
      empty: 'No run has cost anything.',
      ...changes,
    }),
  );
  return { page, document: parseHTML(page).document };
}

describe('bars by day', () => {
  it('is a picture with a name and words, of one bar for each figure above nothing', () => {
    const { document } = drawn();
    const svg = document.querySelector('.plot svg');
    expect(svg?.getAttribute('role')).toBe('img');
    expect(svg?.querySelector('title')?.textContent).toBe('Cost by day');
    expect(svg?.querySelector('desc')?.textContent).toBe('What runs cost: $1.50 & more, <b>in all</b>.');
    expect(document.querySelectorAll('.plot .fill-1 rect')).toHaveLength(29);
    expect(document.querySelectorAll('.plot .fill-2 rect')).toHaveLength(29);
    expect(document.querySelectorAll('b')).toHaveLength(0);
  });

  it('brings no style of its own, which pages would refuse', () => {
    const { page } = drawn();
    expect(page).not.toMatch(/<style|style=/);
    expect(page).not.toContain('NaN');
  });

  it('has all figures as a table, the newest day first, also those that cannot be drawn', () => {
    const { document } = drawn();
    const rows = [...document.querySelectorAll('tbody tr')].map((row) =>
      [...row.children].map((cell) => cell.textContent),
    );
    expect(rows).toHaveLength(30);
    expect(rows[0]).toEqual(['2026-01-30', '$29', '$1']);
    expect(rows[26]).toEqual(['2026-01-04', '$3', '$-2']);
    expect([...document.querySelectorAll('thead th')].map((head) => head.textContent)).toEqual([
      'Day',
      'Cost',
      'Saved',
    ]);
  });

  it('puts one part on top of the other', () => {
    const { document } = drawn();
    const barsOf = (name: string) => [...document.querySelectorAll(`.plot .${name} rect`)];
    const number = (bar: ReturnType<typeof barsOf>[number] | undefined, name: string) =>
      Number(bar?.getAttribute(name));
    const [below, above] = [barsOf('fill-1').at(-1), barsOf('fill-2').at(-1)];
    expect(number(above, 'x')).toBe(number(below, 'x'));
    expect(number(above, 'y') + number(above, 'height')).toBe(number(below, 'y'));
  });

  it('says in words that there is nothing', () => {
    const { page } = drawn({ series: [{ name: 'Cost', colour: 1, values: days.map(() => 0) }] });
    expect(page).not.toContain('<svg');
    expect(page).toContain('No run has cost anything.');
  });

  it('draws losses alone without a bar', () => {
    const { document, page } = drawn({
      series: [{ name: 'Saved', colour: 2, values: days.map(() => -1) }],
    });
    expect(document.querySelectorAll('.plot rect')).toHaveLength(0);
    expect(page).not.toMatch(/NaN|Infinity/);
    expect(page).toContain('$-1');
  });
});
