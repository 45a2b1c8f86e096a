import { gbMonthPrice, monthlyPrice, storageCost, storagePrices } from '../../storage-prices.ts';
import { rounded } from '../note-tables.ts';
import { explained, given, listed, type PublishedFigure, reproduced, rowOf } from './figure.ts';

export function summaryFigures(): PublishedFigure[] {
  const table = 'Storage Cost per GB/month';
  const gbOf = (id: string) => gbMonthPrice(listed(id));
  const nodes = storagePrices.filter(({ provider, rates }) => provider === 'AWS ElastiCache' && rates.hour);
  const range = (values: number[]) =>
    [Math.min(...values), Math.max(...values)].map((usd) => rounded(usd, 2));
  const plans = ['redis-cloud-250mb', 'redis-cloud-500mb', 'redis-cloud-1gb'];
  const recommended = 'Recommended Providers by Option';
  return [
    ...rowOf(
      table,
      'AWS',
      [
        'Redis',
        '$24-200/GB',
        explained(
          range(nodes.map(gbMonthPrice)),
          'The nodes of the list cost $10.17 (cache.r6g.large) to $24.82 (cache.t3.micro) for each GB. $24 is the latter cut to dollars; $200 is the price of none of them.',
        ),
      ],
      [
        'Block Storage',
        '$0.08-0.125/GB',
        reproduced(
          [gbOf('ebs-gp3'), gbOf('ebs-io2')],
          'gp3 to io2',
          'The SSDs alone: st1 and sc1 cost $0.045 and $0.015.',
        ),
      ],
      ['Object Storage', '$0.023/GB', given(gbOf('s3-standard'))],
    ),
    ...rowOf(
      table,
      'DigitalOcean',
      ['Redis', '$15/GB', reproduced(gbOf('digitalocean-redis-1gb'), '$15 / 1 GB, $30 / 2 GB')],
      ['Block Storage', '$0.10/GB', given(gbOf('digitalocean-block'))],
      [
        'Object Storage',
        '$0.02/GB',
        reproduced(
          gbOf('digitalocean-spaces'),
          '$5 / 250 GB',
          'Once all 250 GB are used: $5 are paid for the first one.',
        ),
      ],
    ),
    ...rowOf(table, 'Redis Cloud', [
      'Redis',
      '$5-21/GB',
      explained(
        range(plans.map(gbOf)),
        'The plans cost $20 to $21 for each GB; $5 is the price of the one of 250 MB.',
        {
          values: [monthlyPrice(listed('redis-cloud-250mb')), monthlyPrice(listed('redis-cloud-1gb'))],
          how: 'the plans of 250 MB and 1 GB, each taken for a GB',
        },
      ),
    ]),
    ...rowOf(table, 'Upstash', [
      'Redis',
      '~$0.20/GB',
      explained(
        gbOf('upstash-payg'),
        'Its list has no price for a GB, the first one is included; $0.20 is the price of 100,000 commands.',
        {
          values: [listed('upstash-payg').rates['100,000 commands'] ?? Number.NaN],
          how: '100,000 commands, taken for a GB',
        },
      ),
    ]),
    ...rowOf(
      table,
      'Self-hosted',
      ['Redis', '$0', given(gbOf('self-hosted-redis'))],
      ['Block Storage', '$0', given(gbOf('self-hosted-disk'))],
      ['Object Storage', '$0', given(gbOf('self-hosted-minio'))],
    ),
    ...rowOf(recommended, 'B: Redis Cache', [
      'Cost Estimate',
      '$0-5/month',
      reproduced(
        [monthlyPrice(listed('redis-cloud-free')), monthlyPrice(listed('redis-cloud-250mb'))],
        'the plans Free and 250 MB of Redis Cloud',
      ),
    ]),
    ...rowOf(recommended, 'D: Persistent Workspaces', [
      'Cost Estimate',
      '$0-28/month',
      reproduced(
        [0, storageCost(listed('ebs-gp3'), { gb: 350 }).totalUsd],
        'a disk that is there, to 350 GB × $0.08',
      ),
    ]),
    ...rowOf(recommended, 'G: Session S3', [
      'Cost Estimate',
      '$5/month',
      reproduced(
        storageCost(listed('digitalocean-spaces'), { gb: 15, gbOut: 45 }).totalUsd,
        'Spaces; S3 is $4.40',
      ),
    ]),
    ...rowOf(recommended, 'H: Hybrid', [
      'Cost Estimate',
      '$5/month',
      explained(
        storageCost(listed('upstash-payg'), { gb: 0.005, commands: 10_000 }).totalUsd,
        'Upstash comes to $0.02 by its price list, and a disk that is there to nothing.',
        { values: [5], how: 'the upper end of "~$1-5/month" for Upstash' },
      ),
    ]),
  ];
}
