/** What of the earlier conversation was in the prompt cache; `lost`: it did not go on at all. */
type State = 'all' | 'part' | 'none' | 'lost';

export interface Cell {
  same: State;
  other: State;
}

const start = '<!-- generated:cli-versions -->';
const end = '<!-- /generated:cli-versions -->';

/** Markdown: one row per version that wrote, one column per version that resumed. */
export function table(versions: readonly string[], cellOf: (writer: string, reader: string) => Cell): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rows = versions.map((writer) =>
    line([
      `**${writer}**`,
      ...versions.map((reader) => {
        const { same, other } = cellOf(writer, reader);
        const mark = same === 'lost' || other === 'lost' ? '✗' : '✓';
        return `${mark} ${same} / ${other}`;
      }),
    ]),
  );
  return [line(['written by', ...versions]), line(['---', ...versions.map(() => '---')]), ...rows].join('\n');
}

/** The page with `table` between its two marks. */
export function inDocs(page: string, table: string): string {
  const [before, rest] = page.split(`${start}\n`);
  const [, after] = rest?.split(`\n${end}`) ?? [];
  if (before === undefined || after === undefined) throw new Error('docs/cli-versions.md has lost its marks');
  return `${before}${start}\n${table}\n${end}${after}`;
}
