import { gbMonthPrice, monthlyPrice, storageCost } from '../../storage-prices.ts';
import { noteRepository, noteParameters as p } from '../note-parameters.ts';
import { type NoteOption, noteTables, rounded } from '../note-tables.ts';
import {
  example,
  explained,
  given,
  listed,
  noteStorage,
  type PublishedFigure,
  reproduced,
  rowOf,
} from './figure.ts';

export function storageFigures(input: number): PublishedFigure[] {
  const { stored, bucket, disk, gbPrices } = noteTables(p, input, noteStorage);
  const total = (option: NoteOption, unit: number) =>
    (stored.find((row) => row.option === option)?.totalBytes ?? 0) / unit;
  const item = (option: NoteOption, unit: number) =>
    (stored.find((row) => row.option === option)?.itemBytes ?? []).map((bytes) => bytes / unit);
  const [kb, mb, gb] = [1e3, 1e6, 1e9];
  const sizes = 'Per-Option Storage Requirements';
  const costs = 'Storage Costs';
  const shallowGb = rounded(p.repositoryGb - noteRepository.historyMb / 1000, 1);
  return [
    ...rowOf(
      sizes,
      'B: Redis Cache',
      ['Per-Item Size', '7-25 KB', given(...p.ticketKb)],
      ['100 Items', '2.5 MB', reproduced(total('B', mb), '100 × 25 KB')],
    ),
    ...rowOf(
      sizes,
      'D: Persistent Workspaces',
      [
        'Per-Item Size',
        '3.0-3.5 GB',
        explained(
          item('D', gb),
          `The repository is measured at 3.1 GB, so a checkout does not have 3.0; a clone without its 220 MB of history, as the note makes them, has ${shallowGb} GB. 3.5 GB is 13 % more than 3.1 for what work leaves behind: an assumption, and a parameter here.`,
          {
            values: [3.0, rounded(p.repositoryGb * p.workspaceGrowth, 1)],
            how: 'the least is 3.1 GB rounded down',
          },
        ),
      ],
      ['100 Items', '350 GB', reproduced(total('D', gb), '100 × 3.5 GB')],
    ),
    ...example(sizes, 'Based on acme/monorepo benchmark (3.1 GB repo)', ['3.1 GB', given(p.repositoryGb)]),
    ...rowOf(
      sizes,
      'E: Pre-fetch Job',
      ['Per-Item Size', '7-25 KB', given(...p.ticketKb)],
      ['100 Items', '2.5 MB', reproduced(total('E', mb), '100 × 25 KB')],
    ),
    ...rowOf(
      sizes,
      'G: Session Storage',
      ['Per-Item Size', '50-150 MB', given(...p.sessionMb)],
      ['100 Items', '15 GB', reproduced(total('G', gb), '100 × 150 MB')],
    ),
    ...rowOf(
      sizes,
      'H: Hybrid',
      [
        'Per-Item Size',
        '15-50 KB',
        explained(
          item('H', kb),
          'The ticket lies in the payload and in Redis: twice 7 KB is 14, twice 25 KB is 50.',
          { values: [15, 50], how: 'the least would be twice 7.5 KB' },
        ),
      ],
      ['100 Items', '5 MB', reproduced(total('H', mb), '100 × 50 KB')],
    ),
    ...rowOf(
      costs,
      'Redis (ElastiCache)',
      [
        'Cost/GB/month',
        '~$50',
        explained(
          rounded(gbMonthPrice(listed('elasticache-t3-micro')), 2),
          'A node is paid for, not a GB: full, a GB costs $24.82 on the cache.t3.micro that the note reckons with, and $10.17 on a cache.r6g.large. $49.64 is the month of a cache.t3.medium with its 3.09 GB.',
          {
            values: [rounded(monthlyPrice(listed('elasticache-t3-medium')), 0)],
            how: 'a whole cache.t3.medium, taken for a GB',
          },
        ),
      ],
      [
        '100 GB Cost',
        '$5,000',
        reproduced(100 * 50, '100 × $50', 'With $24.82 for a GB it would be $2,482.'),
      ],
    ),
    ...(
      [
        ['EBS gp3 (Disk)', 1, '$0.08', '$8'],
        ['S3 Standard', 2, '$0.023', '$2.30'],
        ['S3 Infrequent Access', 3, '$0.0125', '$1.25'],
      ] as const
    ).flatMap(([row, index, gbUsd, hundred]) =>
      rowOf(
        costs,
        row,
        ['Cost/GB/month', gbUsd, given(gbPrices[index]?.gbUsd ?? Number.NaN)],
        ['100 GB Cost', hundred, reproduced(gbPrices[index]?.hundredGbUsd ?? Number.NaN, `100 × ${gbUsd}`)],
      ),
    ),
    ...example('AWS S3 (Object Storage) - US East Region', '100 sessions × 150 MB = 15 GB', [
      '15 GB',
      reproduced(bucket.gb, '100 × 150 MB'),
    ]),
    ...example('AWS S3 (Object Storage) - US East Region', 'Storage: 15 GB × $0.023 = $0.35/month', [
      '$0.35',
      reproduced(bucket.storageUsd, '15 × $0.023 = $0.345'),
    ]),
    ...example('AWS S3 (Object Storage) - US East Region', 'Uploads: 100 × $0.005/1K = $0.0005/month', [
      '$0.0005',
      reproduced((p.tickets / 1000) * (noteStorage.object.rates['1,000 PUT'] ?? 0), '100 × $0.005 / 1,000'),
    ]),
    ...example(
      'AWS S3 (Object Storage) - US East Region',
      'Downloads (300 restores): 300 × 150MB × $0.09/GB = $4.05/month',
      [
        '$4.05',
        reproduced(
          bucket.transferUsd,
          '300 × 0.15 GB × $0.09',
          'Charged to runners outside of AWS, and only beyond the 100 GB a month that AWS gives to each account: 45 GB cost nothing where nothing else is sent.',
        ),
      ],
    ),
    ...example('AWS S3 (Object Storage) - US East Region', 'Total: ~$4.40/month', [
      '$4.40',
      reproduced(
        bucket.totalUsd,
        '$0.345 + $0.0005 + $4.05',
        'The 300 downloads themselves, at $0.0004 for 1,000, are left out: $0.00012.',
      ),
    ]),
    ...example('AWS EBS (Block Storage) - US East Region', '100 workspaces × 3.5 GB = 350 GB', [
      '350 GB',
      reproduced(disk.gb, '100 × 3.5 GB'),
    ]),
    ...example('AWS EBS (Block Storage) - US East Region', 'gp3: 350 GB × $0.08 = $28/month', [
      '$28',
      reproduced(disk.usd, '350 × $0.08'),
    ]),
    ...example(
      'AWS EBS (Block Storage) - US East Region',
      'st1 (if IOPS not needed): 350 GB × $0.045 = $15.75/month',
      ['$15.75', reproduced(storageCost(listed('ebs-st1'), { gb: disk.gb }).totalUsd, '350 × $0.045')],
    ),
  ];
}
