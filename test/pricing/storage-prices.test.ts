import { describe, expect, it } from 'vitest';
import {
  findStoragePrice,
  gbMonthPrice,
  type StoragePrice,
  storageCost,
  storagePrices,
} from '../../src/pricing/storage-prices.ts';

function price(id: string): StoragePrice {
  const found = findStoragePrice(id);
  if (!found) throw new Error(`no ${id}`);
  return found;
}

describe('storagePrices', () => {
  it('are all found by an id of their own', () => {
    expect(new Set(storagePrices.map(({ id }) => id)).size).toBe(storagePrices.length);
    expect(findStoragePrice('floppy')).toBeUndefined();
  });

  it.each(storagePrices.map((one) => [one.id, one] as const))(
    '%s has prices, a date and a source',
    (id, { rates, date, source, name, provider }) => {
      expect(id).toMatch(/^[a-z0-9-]+$/);
      expect(Object.values(rates).length).toBeGreaterThan(0);
      for (const usd of Object.values(rates)) expect(usd).toBeGreaterThanOrEqual(0);
      expect(new Date(date).toISOString().slice(0, 10)).toBe(date);
      expect(source).toMatch(/^https:\/\/|^no price list$/);
      expect(name && provider).not.toBe('');
    },
  );
});

describe('storageCost', () => {
  it('adds up storage, requests and transfer', () => {
    const cost = storageCost(price('s3-standard'), { gb: 10, puts: 2000, gets: 5000, gbOut: 3 });
    expect(cost.storageUsd).toBeCloseTo(0.23, 9);
    expect(cost.requestsUsd).toBeCloseTo(0.01 + 0.002, 9);
    expect(cost.transferUsd).toBeCloseTo(0.27, 9);
    expect(cost.totalUsd).toBeCloseTo(0.512, 9);
  });

  it.each([
    ['elasticache-t3-micro', 0, 12.41],
    ['elasticache-t3-micro', 0.5, 12.41],
    ['elasticache-t3-micro', 0.51, 24.82],
    ['redis-cloud-250mb', 1, 20],
    ['digitalocean-spaces', 250, 5],
    ['digitalocean-spaces', 251, 10],
    ['elasticache-serverless', 1, 6],
    ['elasticache-serverless', 100, 12.5],
    ['ebs-gp3', 0, 0],
    ['self-hosted-disk', 1000, 0],
  ])('of %s with %d GB is that of whole nodes and plans, and at least the minimum', (id, gb, usd) => {
    expect(storageCost(price(id), { gb }).totalUsd).toBeCloseTo(usd, 9);
  });

  it('charges no transfer that is part of the price', () => {
    const within = storageCost({ ...price('s3-standard'), transferGb: 100 }, { gb: 0, gbOut: 45 });
    const beyond = storageCost({ ...price('s3-standard'), transferGb: 100 }, { gb: 0, gbOut: 145 });
    expect([within.transferUsd, beyond.transferUsd]).toEqual([0, 45 * 0.09]);
  });
});

describe('gbMonthPrice', () => {
  it.each([
    ['s3-standard', 0.023],
    ['elasticache-t3-micro', 24.82],
    ['redis-cloud-1gb', 21],
    ['digitalocean-spaces', 0.02],
    ['upstash-payg', 0],
  ])('of %s is %d', (id, usd) => {
    expect(gbMonthPrice(price(id))).toBeCloseTo(usd, 9);
  });
});
