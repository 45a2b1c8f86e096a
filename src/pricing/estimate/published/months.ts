import { mediumTicketTokens, noteParameters as p } from '../note-parameters.ts';
import { asPublished, exact, type NoteOption, noteTables, rounded } from '../note-tables.ts';
import { example, explained, noteStorage, type PublishedFigure, reproduced, rowOf } from './figure.ts';

const tasks = p.tickets * (1 + p.followUps);
const again = p.tickets * p.followUps;

export function costFigures(input: number): PublishedFigure[] {
  const published = noteTables(p, input, noteStorage, asPublished);
  const unrounded = noteTables(p, input, noteStorage, exact);
  const nothing = { storageUsd: Number.NaN, apiUsd: Number.NaN, totalUsd: Number.NaN, netUsd: Number.NaN };
  const month = (option: NoteOption) => published.months.find((row) => row.option === option) ?? nothing;
  const exactMonth = (option: NoteOption) => unrounded.months.find((row) => row.option === option) ?? nothing;
  const table = 'Monthly Costs: 100 tickets, 3 follow-ups each';
  const taskUsd = month('none').apiUsd / tasks;
  // What a provider's cache that never forgets would leave of each follow-up: a tenth.
  const allCached = p.tickets * taskUsd + again * taskUsd * 0.1;

  const resumedApi = explained(
    rounded(allCached, 2),
    'No arithmetic of the note gives it. 100 tasks at $0.393 and 300 follow-ups that read everything from a prompt cache at a tenth of the price make $51.09; follow-ups for nothing would make $39.30. $66.00 takes $0.089 for a follow-up, 22.6 % of a task: 77.4 % of the tokens saved each time, whenever it comes. A provider keeps a prompt for five minutes or an hour; see below what follows.',
    {
      values: [rounded(month('D').apiUsd, 2)],
      how: '400 × $0.393 − 300 × $0.304, with 77.4 % of $0.393 saved',
    },
  );
  const ticketsCached = reproduced(
    month('B').apiUsd,
    '$157.20 − 300 × $0.019',
    'The price of the ticket has 6,250 tokens here, and 6,000 in $157.20. And a ticket out of a cache is put into the prompt all the same: its tokens are paid, and what is saved is a request to JIRA.',
  );
  const redisUsd = (option: NoteOption) =>
    reproduced(month(option).storageUsd, 'a cache.t3.micro, $12.41, to the dollar');

  const options = [
    [
      'B: Redis (JIRA)',
      'B',
      ['$12', '$151.50', '$163.50', '-$6.30'],
      [redisUsd('B'), ticketsCached],
      ['$12 + $151.50', '$157.20 − $163.50'],
    ],
    [
      'D: Persistent WS',
      'D',
      ['$28', '$66.00', '$94.00', '+$63.20'],
      [reproduced(month('D').storageUsd, '350 GB × $0.08'), resumedApi],
      ['$28 + $66.00', '$157.20 − $94.00'],
    ],
    [
      'E: Pre-fetch',
      'E',
      ['$12', '$151.50', '$163.50', '-$6.30'],
      [redisUsd('E'), ticketsCached],
      ['$12 + $151.50', '$157.20 − $163.50'],
    ],
    [
      'G: Session S3',
      'G',
      ['$5', '$66.00', '$71.00', '+$86.20'],
      [
        reproduced(
          month('G').storageUsd,
          '$4.40, up to the dollar',
          'Rounded to the dollar, as $12.41 is to $12, it would be $4.',
        ),
        resumedApi,
      ],
      ['$5 + $66.00', '$157.20 − $71.00'],
    ],
    [
      'H: Hybrid',
      'H',
      ['$12', '$148.00', '$160.00', '-$2.80'],
      [
        redisUsd('H'),
        explained(
          rounded(exactMonth('H').apiUsd, 2),
          'Without any ticket, 400 tasks of 125,000 tokens at $0.375 make $150.00.',
          { values: [rounded(month('H').apiUsd, 2)], how: '400 × $0.37: $0.375 cut to cents' },
        ),
      ],
      ['$12 + $148.00', '$157.20 − $160.00'],
    ],
  ] as const;

  return [
    ...rowOf(
      table,
      'No caching',
      ['Storage Cost', '$0', reproduced(month('none').storageUsd, 'nothing is kept')],
      [
        'API Cost',
        '$157.20',
        reproduced(
          month('none').apiUsd,
          '400 × $0.393, the price of 6,000 + 125,000 tokens',
          `A ticket has the ${mediumTicketTokens.toLocaleString('en-US')} tokens of the note's appendix A here. With the 6,250 of its token analysis it is $${exactMonth('none').apiUsd.toFixed(2)}, and $157.60 with the $0.394 of that table.`,
        ),
      ],
      ['Total Cost', '$157.20', reproduced(month('none').totalUsd, '$0 + $157.20')],
      ['Net Savings', '$0', reproduced(month('none').netUsd, '$157.20 − $157.20')],
    ),
    ...options.flatMap(
      ([row, option, [stored, api, total, net], [storedOrigin, apiOrigin], [howTotal, howNet]]) =>
        rowOf(
          table,
          row,
          ['Storage Cost', stored, storedOrigin],
          ['API Cost', api, apiOrigin],
          ['Total Cost', total, reproduced(month(option).totalUsd, howTotal)],
          ['Net Savings', net, reproduced(month(option).netUsd, howNet)],
        ),
    ),
    ...(['D', 'G'] as const).flatMap((option) => {
      const even = published.breakEven.find((row) => row.option === option);
      const scaled = published.atScale.find((row) => row.option === option);
      if (!even || !scaled) return [];
      const isDisk = option === 'D';
      const [stored, size] = isDisk ? ['$28', '350 GB'] : ['$5', '15 GB'];
      const net = isDisk ? '+$63.20' : '+$86.20';
      const count = isDisk ? '31' : '6';
      const where = isDisk ? 'Option D (Persistent Workspaces)' : 'Option G (Session S3)';
      const line = isDisk ? 'Storage: $28/month (350 GB EBS)' : 'Storage: $5/month (15 GB S3 + transfer)';
      return [
        ...example(
          where,
          line,
          [stored, reproduced(even.storageUsd, 'as in the table of monthly costs')],
          [size, reproduced(isDisk ? unrounded.disk.gb : unrounded.bucket.gb, 'as in the storage estimates')],
        ),
        ...example(where, 'Savings: $91.20/month (API reduction)', [
          '$91.20',
          reproduced(even.savingsUsd, '$157.20 − $66.00', 'As good as $66.00 is.'),
        ]),
        ...example(where, `Net: ${net}/month`, [net, reproduced(even.netUsd, `$91.20 − ${stored}`)]),
        ...example(where, `Break-even: ~${count} tickets with follow-ups`, [
          `~${count}`,
          reproduced(
            even.tickets ?? Number.NaN,
            `${stored} / ($91.20 / 100 tickets) = ${isDisk ? '30.7' : '5.5'}, up to the next ticket`,
            `The storage of all 100 tickets is set against the savings of a few. Storage is paid by the GB: a ticket costs ${isDisk ? '$0.28' : '$0.05'} and saves $0.912, so the first one pays.`,
          ),
        ]),
        ...rowOf(
          'At Scale: 1000 tickets/month',
          isDisk ? 'D: Persistent WS' : 'G: Session S3',
          [
            'Storage',
            isDisk ? '$280' : '$50',
            reproduced(
              scaled.storageUsd,
              `10 × ${stored}`,
              ...(isDisk ? [] : ['Ten times what was rounded up; ten times $4.40 is $43.96.']),
            ),
          ],
          ['Savings', '$912', reproduced(scaled.savingsUsd, '10 × $91.20')],
          [
            'ROI',
            isDisk ? '3.3x' : '18x',
            reproduced(scaled.roi ?? Number.NaN, isDisk ? '$912 / $280 = 3.26' : '$912 / $50 = 18.24'),
          ],
        ),
      ];
    }),
    ...example('For Large Monorepos', 'Lowest storage cost ($5/month)', [
      '$5',
      reproduced(month('G').storageUsd, 'as in the table of monthly costs'),
    ]),
    ...example('For Large Monorepos', 'Highest savings ($86/month net)', [
      '$86',
      reproduced(month('G').netUsd, '$86.20 to the dollar'),
    ]),
    ...example('For Large Monorepos', 'Good savings ($63/month net)', [
      '$63',
      reproduced(month('D').netUsd, '$63.20 to the dollar'),
    ]),
    ...example('For Large Monorepos', 'Only cache JIRA context (5% of cost)', [
      '5%',
      reproduced(100 * (unrounded.task[0]?.share ?? Number.NaN), '6,250 / 131,250 = 4.8 %'),
    ]),
  ];
}
