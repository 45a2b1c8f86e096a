/** What a rate is charged for. A month has 730 hours, as AWS counts it. */
export type StorageUnit =
  | 'GB-month'
  | '1,000 PUT'
  | '1,000 GET'
  | 'GB out'
  | 'month'
  | 'hour'
  | 'IOPS-month'
  | 'ECU-hour'
  | '100,000 commands';

/** What keeping something costs at a provider, in US dollars. */
export interface StoragePrice {
  /** As `--storage`, `--disk` and `--redis` take it. */
  id: string;
  provider: string;
  name: string;
  kind: 'object' | 'block' | 'redis';
  rates: Readonly<Partial<Record<StorageUnit, number>>>;
  /** How much one of it holds; more takes several. Absent where it is paid by the GB. */
  capacityGb?: number;
  vcpus?: number;
  /** Data transfer out that is part of the price. */
  transferGb?: number;
  /** Least that a month costs. */
  minimumUsd?: number;
  /** What else the provider says of it: speed, limits. */
  features?: readonly string[];
  /** What to know before the figure is relied on. */
  remark?: string;
  /** Where the figures stand, and the day on which they were read there. */
  source: string;
  date: string;
}

const date = '2026-01-29';
const hoursPerMonth = 730;

const s3 = {
  provider: 'AWS',
  kind: 'object',
  source: 'https://aws.amazon.com/s3/pricing/',
  date,
} as const;
const ebs = {
  provider: 'AWS EBS',
  kind: 'block',
  source: 'https://aws.amazon.com/ebs/pricing/',
  date,
} as const;
const elastiCache = {
  provider: 'AWS ElastiCache',
  kind: 'redis',
  source: 'https://aws.amazon.com/elasticache/pricing/',
  date,
} as const;
const redisCloud = {
  provider: 'Redis Cloud',
  kind: 'redis',
  source: 'https://redis.com/redis-enterprise-cloud/pricing/',
  date,
} as const;
const upstash = { provider: 'Upstash', kind: 'redis', source: 'https://upstash.com/pricing', date } as const;
const digitalOcean = {
  provider: 'DigitalOcean',
  source: 'https://www.digitalocean.com/pricing',
  date,
} as const;
const selfHosted = {
  provider: 'Self-hosted',
  rates: { 'GB-month': 0 },
  remark: 'On machines that are there and have room: their own cost and the work on them are not counted.',
  source: 'no price list',
  date,
} as const;

/** Region US East where there is one, on demand, without free tiers of an account. */
export const storagePrices: readonly StoragePrice[] = [
  {
    ...s3,
    id: 's3-standard',
    name: 'S3 Standard',
    rates: { 'GB-month': 0.023, '1,000 PUT': 0.005, '1,000 GET': 0.0004, 'GB out': 0.09 },
    remark:
      'Transfer is charged to runners outside of the region; inside of it, and for the first 100 GB of a month, AWS charges none.',
  },
  {
    ...s3,
    id: 's3-intelligent-tiering',
    name: 'S3 Intelligent-Tiering',
    rates: { 'GB-month': 0.023, '1,000 PUT': 0.005, '1,000 GET': 0.0004, 'GB out': 0.09 },
  },
  {
    ...s3,
    id: 's3-standard-ia',
    name: 'S3 Standard-IA',
    rates: { 'GB-month': 0.0125, '1,000 PUT': 0.01, '1,000 GET': 0.001, 'GB out': 0.09 },
    remark: 'AWS adds a charge for each GB that is read, and counts at least 30 days.',
  },
  {
    ...s3,
    id: 's3-glacier-instant',
    name: 'S3 Glacier Instant',
    rates: { 'GB-month': 0.004, '1,000 PUT': 0.02, '1,000 GET': 0.01, 'GB out': 0.09 },
    remark: 'AWS adds a charge for each GB that is read, and counts at least 90 days.',
  },
  {
    ...ebs,
    id: 'ebs-gp3',
    name: 'gp3 (General Purpose SSD)',
    rates: { 'GB-month': 0.08 },
    features: ['3,000 IOPS free', '125 MB/s free'],
  },
  {
    ...ebs,
    id: 'ebs-gp2',
    name: 'gp2 (General Purpose SSD)',
    rates: { 'GB-month': 0.1 },
    features: ['3 IOPS/GB', 'Burst'],
  },
  {
    ...ebs,
    id: 'ebs-io2',
    name: 'io2 (Provisioned IOPS)',
    rates: { 'GB-month': 0.125, 'IOPS-month': 0.065 },
  },
  {
    ...ebs,
    id: 'ebs-st1',
    name: 'st1 (Throughput HDD)',
    rates: { 'GB-month': 0.045 },
    features: ['40 MB/s base'],
  },
  { ...ebs, id: 'ebs-sc1', name: 'sc1 (Cold HDD)', rates: { 'GB-month': 0.015 }, features: ['12 MB/s base'] },
  {
    ...elastiCache,
    id: 'elasticache-t3-micro',
    name: 'cache.t3.micro',
    rates: { hour: 0.017 },
    vcpus: 2,
    capacityGb: 0.5,
  },
  {
    ...elastiCache,
    id: 'elasticache-t3-small',
    name: 'cache.t3.small',
    rates: { hour: 0.034 },
    vcpus: 2,
    capacityGb: 1.37,
  },
  {
    ...elastiCache,
    id: 'elasticache-t3-medium',
    name: 'cache.t3.medium',
    rates: { hour: 0.068 },
    vcpus: 2,
    capacityGb: 3.09,
  },
  {
    ...elastiCache,
    id: 'elasticache-m6g-large',
    name: 'cache.m6g.large',
    rates: { hour: 0.124 },
    vcpus: 2,
    capacityGb: 6.38,
  },
  {
    ...elastiCache,
    id: 'elasticache-r6g-large',
    name: 'cache.r6g.large',
    rates: { hour: 0.182 },
    vcpus: 2,
    capacityGb: 13.07,
  },
  {
    ...elastiCache,
    id: 'elasticache-serverless',
    name: 'Serverless',
    rates: { 'ECU-hour': 0.0034, 'GB-month': 0.125 },
    minimumUsd: 6,
    remark:
      'Doubtful as read: AWS charges $0.125 for a GB-hour, which is $91.25 for a GB-month, and $0.0034 for a million ECPUs; give the price that holds for you with --prices.',
  },
  {
    ...redisCloud,
    id: 'redis-cloud-free',
    name: 'Free',
    rates: { month: 0 },
    capacityGb: 0.03,
    features: ['1 database, no HA'],
  },
  {
    ...redisCloud,
    id: 'redis-cloud-250mb',
    name: 'Fixed 250 MB',
    rates: { month: 5 },
    capacityGb: 0.25,
    features: ['1 database, no HA'],
  },
  {
    ...redisCloud,
    id: 'redis-cloud-500mb',
    name: 'Fixed 500 MB',
    rates: { month: 10 },
    capacityGb: 0.5,
    features: ['1 database, no HA'],
  },
  {
    ...redisCloud,
    id: 'redis-cloud-1gb',
    name: 'Fixed 1 GB',
    rates: { month: 21 },
    capacityGb: 1,
    features: ['1 database, no HA'],
  },
  {
    ...redisCloud,
    id: 'redis-cloud-pro',
    name: 'Pro (starts)',
    rates: { month: 65 },
    capacityGb: 1,
    features: ['HA, multi-zone'],
    remark: 'The price that it starts at.',
  },
  {
    ...upstash,
    id: 'upstash-free',
    name: 'Free',
    rates: { month: 0 },
    capacityGb: 0.256,
    features: ['10,000 commands a day'],
  },
  {
    ...upstash,
    id: 'upstash-payg',
    name: 'Pay-as-you-go',
    rates: { '100,000 commands': 0.2 },
    capacityGb: 1,
    features: ['commands unlimited'],
  },
  {
    ...upstash,
    id: 'upstash-pro-2k',
    name: 'Pro 2K',
    rates: { month: 280 },
    capacityGb: 10,
    features: ['2,000 commands a second'],
  },
  {
    ...digitalOcean,
    kind: 'redis',
    id: 'digitalocean-redis-1gb',
    name: 'Managed Redis 1 GB',
    rates: { month: 15 },
    capacityGb: 1,
  },
  {
    ...digitalOcean,
    kind: 'redis',
    id: 'digitalocean-redis-2gb',
    name: 'Managed Redis 2 GB',
    rates: { month: 30 },
    capacityGb: 2,
  },
  {
    ...digitalOcean,
    kind: 'block',
    id: 'digitalocean-block',
    name: 'Block Storage',
    rates: { 'GB-month': 0.1 },
  },
  {
    ...digitalOcean,
    kind: 'object',
    id: 'digitalocean-spaces',
    name: 'Spaces (S3-compatible)',
    rates: { month: 5 },
    capacityGb: 250,
    transferGb: 1000,
  },
  {
    ...selfHosted,
    kind: 'redis',
    id: 'self-hosted-redis',
    name: 'Redis container',
    features: ['512 MB to 2 GB of memory'],
  },
  { ...selfHosted, kind: 'block', id: 'self-hosted-disk', name: 'Local disk', features: ['SSD'] },
  { ...selfHosted, kind: 'object', id: 'self-hosted-minio', name: 'MinIO (S3-compatible)' },
];

/** What is kept and moved in a month. */
export interface StorageUse {
  gb: number;
  puts?: number;
  gets?: number;
  gbOut?: number;
  commands?: number;
}

/** US dollars a month by what they are for. */
export interface StorageCost {
  storageUsd: number;
  requestsUsd: number;
  transferUsd: number;
  totalUsd: number;
}

/** What a month of `use` costs; at least one node or plan where it is not paid by the GB. */
export function storageCost(price: StoragePrice, use: StorageUse): StorageCost {
  const { rates, capacityGb, transferGb = 0, minimumUsd = 0 } = price;
  const { gb, puts = 0, gets = 0, gbOut = 0, commands = 0 } = use;
  const nodes = capacityGb === undefined ? 1 : Math.max(1, Math.ceil(gb / capacityGb - 1e-9));
  const flat = nodes * monthlyPrice(price);
  const storageUsd = Math.max(minimumUsd, flat + gb * (rates['GB-month'] ?? 0));
  const requestsUsd =
    (puts / 1000) * (rates['1,000 PUT'] ?? 0) +
    (gets / 1000) * (rates['1,000 GET'] ?? 0) +
    (commands / 100_000) * (rates['100,000 commands'] ?? 0);
  const transferUsd = Math.max(0, gbOut - transferGb) * (rates['GB out'] ?? 0);
  return { storageUsd, requestsUsd, transferUsd, totalUsd: storageUsd + requestsUsd + transferUsd };
}

/** US dollars that one node or plan costs in a month; 0 for what is paid by the GB. */
export function monthlyPrice({ rates }: Pick<StoragePrice, 'rates'>): number {
  return (rates.month ?? 0) + (rates.hour ?? 0) * hoursPerMonth;
}

/** What a GB costs in a month: its own rate, or its share of a node that is full. */
export function gbMonthPrice(price: StoragePrice): number {
  const { rates, capacityGb } = price;
  if (rates['GB-month'] !== undefined) return rates['GB-month'];
  return capacityGb === undefined ? 0 : monthlyPrice(price) / capacityGb;
}

/** The price of that id, if it is known. */
export function findStoragePrice(
  id: string,
  prices: readonly StoragePrice[] = storagePrices,
): StoragePrice | undefined {
  return prices.find((price) => price.id === id);
}
