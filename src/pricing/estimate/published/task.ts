import { noteRepository, noteParameters as p } from '../note-parameters.ts';
import { noteTables } from '../note-tables.ts';
import { example, given, noteStorage, type PublishedFigure, reproduced, rowOf } from './figure.ts';

export function benchmarkFigures(input: number): PublishedFigure[] {
  const { task } = noteTables(p, input, noteStorage);
  const profile = 'Repository Profile';
  const r = noteRepository;
  const analysis = 'Token Analysis';
  const rows = [
    [
      'JIRA ticket',
      'ticket',
      ['25 KB', '6,250', '$0.019', '4.8%'],
      ['25,000 characters / 4', '6,250 × $3 / 1,000,000 = $0.01875', '6,250 / 131,250'],
    ],
    [
      'Codebase reads',
      'code',
      ['500 KB', '125,000', '$0.375', '95.2%'],
      ['500,000 characters / 4', '125,000 × $3 / 1,000,000', '125,000 / 131,250'],
    ],
    [
      'Total',
      'total',
      ['525 KB', '131,250', '$0.394', '100%'],
      ['6,250 + 125,000', '131,250 × $3 / 1,000,000 = $0.39375', '131,250 / 131,250'],
    ],
  ] as const;
  return [
    ...rowOf(profile, 'Total Size', [
      'Value',
      '3.1 GB',
      reproduced(r.sourceGb + r.nodeModulesGb + r.historyMb / 1000, '1.0 GB + 1.9 GB + 220 MB = 3.12 GB'),
    ]),
    ...rowOf(profile, 'Git History', ['Value', '220 MB', given(r.historyMb)]),
    ...rowOf(profile, 'node_modules', ['Value', '1.9 GB', given(r.nodeModulesGb)]),
    ...rowOf(profile, 'Source Code (without deps)', ['Value', '~1.0 GB', given(r.sourceGb)]),
    ...rowOf(profile, 'Source Files', ['Value', '42,751', given(r.sourceFiles)]),
    ...rowOf(profile, 'Git Commits', ['Value', '4,512', given(r.commits)]),
    ...Object.entries(r.packagesMb).flatMap(([name, size]) =>
      rowOf('Package Breakdown', name, ['Size', `${size} MB`, given(size)]),
    ),
    ...example(
      analysis,
      'Key insight: For large repos, JIRA context is only ~5% of token cost. The main cost is Claude reading codebase files.',
      ['~5%', reproduced(100 * (task[0]?.share ?? Number.NaN), '4.8 %, to the percent')],
    ),
    ...rows.flatMap(([row, part, [size, tokens, usd, share], [howTokens, howUsd, howShare]]) => {
      const found = task.find((one) => one.part === part) ?? { kb: 0, tokens: 0, usd: 0, share: 0 };
      return rowOf(
        analysis,
        row,
        ['Size', size, part === 'total' ? reproduced(found.kb, '25 KB + 500 KB') : given(found.kb)],
        ['Tokens', tokens, reproduced(found.tokens, howTokens)],
        ['Cost (Sonnet)', usd, reproduced(found.usd, howUsd)],
        ['% of Total', share, reproduced(100 * found.share, howShare)],
      );
    }),
  ];
}
