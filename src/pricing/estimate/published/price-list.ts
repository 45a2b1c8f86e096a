import { gbMonthPrice, monthlyPrice, type StorageUnit, storageCost } from '../../storage-prices.ts';
import { noteParameters as p } from '../note-parameters.ts';
import { rounded } from '../note-tables.ts';
import {
  type Cell,
  example,
  explained,
  given,
  listed,
  numbersIn,
  type PublishedFigure,
  reproduced,
  rowOf,
} from './figure.ts';

export function priceListFigures(): PublishedFigure[] {
  const of = (id: string) => listed(id);
  const rate = (id: string, unit: StorageUnit) => given(of(id).rates[unit] ?? Number.NaN);
  const inWords = (id: string, index: number) => given(...numbersIn(of(id).features?.[index] ?? ''));
  const s3 = 'AWS S3 (Object Storage) - US East Region';
  const s3Rows = [
    ['s3-standard', '$0.023/GB/mo', '$0.005/1K', '$0.0004/1K'],
    ['s3-intelligent-tiering', '$0.023/GB/mo', '$0.005/1K', '$0.0004/1K'],
    ['s3-standard-ia', '$0.0125/GB/mo', '$0.01/1K', '$0.001/1K'],
    ['s3-glacier-instant', '$0.004/GB/mo', '$0.02/1K', '$0.01/1K'],
  ] as const;
  const ebs = 'AWS EBS (Block Storage) - US East Region';
  const elastiCache = 'AWS ElastiCache for Redis';
  const nodes = [
    ['elasticache-t3-micro', '2', '0.5 GB', '$0.017', '$12.41'],
    ['elasticache-t3-small', '2', '1.37 GB', '$0.034', '$24.82'],
    ['elasticache-t3-medium', '2', '3.09 GB', '$0.068', '$49.64'],
    ['elasticache-m6g-large', '2', '6.38 GB', '$0.124', '$90.52'],
    ['elasticache-r6g-large', '2', '13.07 GB', '$0.182', '$132.86'],
  ] as const;
  const cloud = 'Redis Cloud (Managed Redis)';
  const plans = [
    ['redis-cloud-free', 'Free', '30 MB', '$0'],
    ['redis-cloud-250mb', 'Fixed 250 MB', '250 MB', '$5'],
    ['redis-cloud-500mb', 'Fixed 500 MB', '500 MB', '$10'],
    ['redis-cloud-1gb', 'Fixed 1 GB', '1 GB', '$21'],
    ['redis-cloud-pro', 'Pro (starts)', '1 GB+', '~$65+'],
  ] as const;
  const upstash = 'Upstash (Serverless Redis)';
  const ocean = 'DigitalOcean (Alternative Cloud)';
  const own = 'Self-Hosted (Docker/Kubernetes)';
  const month = (id: string) => monthlyPrice(of(id));
  const [commandsUsd, fewest, most] = [of('upstash-payg').rates['100,000 commands'] ?? 0, 500_000, 2_500_000];
  const serverless = of('elasticache-serverless');
  return [
    ...s3Rows.flatMap(([id, stored, put, get]) =>
      rowOf(
        s3,
        of(id).name,
        ['Storage Cost', stored, rate(id, 'GB-month')],
        ['PUT/POST', put, rate(id, '1,000 PUT')],
        ['GET', get, rate(id, '1,000 GET')],
        ['Data Transfer Out', '$0.09/GB', rate(id, 'GB out')],
      ),
    ),
    ...rowOf(
      ebs,
      of('ebs-gp3').name,
      ['Storage Cost', '$0.08/GB/mo', rate('ebs-gp3', 'GB-month')],
      ['IOPS', '3,000 free', inWords('ebs-gp3', 0)],
      ['Throughput', '125 MB/s free', inWords('ebs-gp3', 1)],
    ),
    ...rowOf(
      ebs,
      of('ebs-gp2').name,
      ['Storage Cost', '$0.10/GB/mo', rate('ebs-gp2', 'GB-month')],
      ['IOPS', '3 IOPS/GB', inWords('ebs-gp2', 0)],
    ),
    ...rowOf(
      ebs,
      of('ebs-io2').name,
      ['Storage Cost', '$0.125/GB/mo', rate('ebs-io2', 'GB-month')],
      ['IOPS', '$0.065/IOPS', rate('ebs-io2', 'IOPS-month')],
    ),
    ...rowOf(
      ebs,
      of('ebs-st1').name,
      ['Storage Cost', '$0.045/GB/mo', rate('ebs-st1', 'GB-month')],
      ['Throughput', '40 MB/s base', inWords('ebs-st1', 0)],
    ),
    ...rowOf(
      ebs,
      of('ebs-sc1').name,
      ['Storage Cost', '$0.015/GB/mo', rate('ebs-sc1', 'GB-month')],
      ['Throughput', '12 MB/s base', inWords('ebs-sc1', 0)],
    ),
    ...nodes.flatMap(([id, vcpus, memory, hourly, monthly]) =>
      rowOf(
        elastiCache,
        of(id).name,
        ['vCPU', vcpus, given(of(id).vcpus ?? Number.NaN)],
        ['Memory', memory, given(of(id).capacityGb ?? Number.NaN)],
        ['On-Demand ($/hr)', hourly, rate(id, 'hour')],
        ['Monthly (730 hrs)', monthly, reproduced(month(id), `730 × ${hourly}`)],
      ),
    ),
    ...example(elastiCache, '$0.0034/ECU-hour (compute)', [
      '$0.0034',
      rate('elasticache-serverless', 'ECU-hour'),
    ]),
    ...example(elastiCache, '$0.125/GB/month (storage)', [
      '$0.125',
      rate('elasticache-serverless', 'GB-month'),
    ]),
    ...example(elastiCache, 'Minimum ~$6/month', [
      '~$6',
      explained(
        gbMonthPrice(serverless),
        'At $0.125 for a GB-month, $6 would be the price of 48 GB. AWS charges $0.125 for a GB-hour, which is $91.25 for a GB-month and the least for Redis; about $6 is the least for Valkey.',
        {
          values: [rounded(0.1 * 0.084 * 730, 0)],
          how: '0.1 GB × $0.084 × 730 hours, the least of Valkey',
        },
      ),
    ]),
    ...example(elastiCache, '1,000 tickets × 25 KB = 25 MB', [
      '25 MB',
      reproduced((1000 * p.ticketKb[1]) / 1000, '1,000 × 25 KB'),
    ]),
    ...example(elastiCache, 'cache.t3.micro (0.5 GB): $12.41/month ✓', [
      '$12.41',
      reproduced(storageCost(of('elasticache-t3-micro'), { gb: 0.025 }).totalUsd, '730 × $0.017'),
    ]),
    ...example(elastiCache, 'With headroom for job queue: cache.t3.small: $24.82/month', [
      '$24.82',
      reproduced(month('elasticache-t3-small'), '730 × $0.034'),
    ]),
    ...plans.flatMap(([id, row, memory, price]) =>
      rowOf(
        cloud,
        row,
        ['Memory', memory, given((of(id).capacityGb ?? Number.NaN) * (memory.endsWith(' MB') ? 1000 : 1))],
        ['Price/month', price, rate(id, 'month')],
        ...((id === 'redis-cloud-pro' ? [] : [['Features', '1 database, no HA', inWords(id, 0)]]) as Cell[]),
      ),
    ),
    ...example(cloud, 'Development/testing: Free tier (30 MB)', [
      '30 MB',
      given((of('redis-cloud-free').capacityGb ?? Number.NaN) * 1000),
    ]),
    ...example(cloud, 'Small production: Fixed 250 MB ($5/month)', ['$5', given(month('redis-cloud-250mb'))]),
    ...example(cloud, 'Medium production: Fixed 1 GB ($21/month)', ['$21', given(month('redis-cloud-1gb'))]),
    ...rowOf(
      upstash,
      'Free',
      ['Commands/day', '10K', given(...inThousands('upstash-free'))],
      ['Storage', '256 MB', given((of('upstash-free').capacityGb ?? Number.NaN) * 1000)],
      ['Price', '$0', rate('upstash-free', 'month')],
    ),
    ...rowOf(
      upstash,
      'Pay-as-you-go',
      ['Storage', '1 GB', given(of('upstash-payg').capacityGb ?? Number.NaN)],
      ['Price', '$0.2/100K commands', given(commandsUsd)],
    ),
    ...rowOf(
      upstash,
      'Pro 2K',
      ['Commands/day', '2K/sec', given(...inThousands('upstash-pro-2k'))],
      ['Storage', '10 GB', given(of('upstash-pro-2k').capacityGb ?? Number.NaN)],
      ['Price', '$280/month', rate('upstash-pro-2k', 'month')],
    ),
    ...example(upstash, '10,000 cache operations/month = $0.02', [
      '$0.02',
      reproduced(
        storageCost(of('upstash-payg'), { gb: 0, commands: 10_000 }).totalUsd,
        '10,000 × $0.2 / 100,000',
      ),
    ]),
    ...example(upstash, '1 GB storage = included', [
      '1 GB',
      given(of('upstash-payg').capacityGb ?? Number.NaN),
    ]),
    ...example(upstash, 'Total: ~$1-5/month for light usage', [
      '~$1-5',
      explained(
        storageCost(of('upstash-payg'), { gb: 1, commands: 10_000 }).totalUsd,
        'The two lines above it come to $0.02. $1 to $5 would be 500,000 to 2,500,000 commands a month.',
        {
          values: [fewest, most].map((count) => (count / 100_000) * commandsUsd),
          how: '500,000 to 2,500,000 commands at $0.2 for 100,000',
        },
      ),
    ]),
    ...(
      [
        ['digitalocean-redis-1gb', 'Managed Redis', '1 GB', '$15'],
        ['digitalocean-redis-2gb', 'Managed Redis', '2 GB', '$30'],
        ['digitalocean-spaces', 'Spaces (S3-compatible)', '250 GB + 1 TB transfer', '$5'],
      ] as const
    ).flatMap(([id, row, size, price]) => {
      const { capacityGb = Number.NaN, transferGb } = of(id);
      return rowOf(
        ocean,
        row,
        ['Size', size, given(capacityGb, ...(transferGb === undefined ? [] : [transferGb / 1000]))],
        ['Price/month', price, rate(id, 'month')],
      );
    }),
    ...rowOf(ocean, 'Block Storage', ['Price/month', '$0.10', rate('digitalocean-block', 'GB-month')]),
    ...example(ocean, 'Redis cache: $15/month (1 GB)', ['$15', given(month('digitalocean-redis-1gb'))]),
    ...example(ocean, 'Session storage (Spaces): $5/month (250 GB included)', [
      '$5',
      reproduced(storageCost(of('digitalocean-spaces'), { gb: 15, gbOut: 45 }).totalUsd, 'one plan'),
    ]),
    ...(
      [
        ['self-hosted-redis', 'Redis container'],
        ['self-hosted-disk', 'Local disk'],
        ['self-hosted-minio', 'S3-compatible (MinIO)'],
      ] as const
    ).flatMap(([id, row]) =>
      rowOf(
        own,
        row,
        ...((id === 'self-hosted-redis'
          ? [['Resource', '512 MB - 2 GB RAM', inWords(id, 0)]]
          : []) as Cell[]),
        ['Estimated Cost', '$0 (uses existing infra)', rate(id, 'GB-month')],
      ),
    ),
  ];
}

function inThousands(id: string): number[] {
  return numbersIn(listed(id).features?.[0] ?? '').map((count) => count / 1000);
}
