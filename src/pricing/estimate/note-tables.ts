import { gbMonthPrice, type StorageCost, type StoragePrice, storageCost } from '../storage-prices.ts';
import { mediumTicketTokens, type NoteParameters } from './note-parameters.ts';

/** The ways to keep context that the research note compares, by its letters. */
export type NoteOption = 'none' | 'B' | 'D' | 'E' | 'G' | 'H';

export const optionNames: Readonly<Record<NoteOption, string>> = {
  none: 'No caching',
  B: 'B: Redis Cache',
  D: 'D: Persistent Workspaces',
  E: 'E: Pre-fetch Job',
  G: 'G: Session Storage',
  H: 'H: Hybrid',
};

/** Where the note keeps what. */
export interface NoteStorage {
  /** Listed beside the others by its price for a GB. */
  also?: StoragePrice;
  redis: StoragePrice;
  disk: StoragePrice;
  object: StoragePrice;
}

/**
 * The roundings on the way, which the results depend on. `exact` has none; `asPublished` has those by which the note
 * comes to its figures.
 */
export interface Arithmetic {
  /** Tokens of a ticket in the table of monthly costs. */
  ticketTokens: (tokens: number) => number;
  /** Price of a task, and of the parts of one. */
  taskUsd: (usd: number) => number;
  /** Price of the code that a task reads, where the hybrid's month is reckoned. */
  codeUsd: (usd: number) => number;
  /** A month of Redis, and of disk. */
  storageUsd: (usd: number) => number;
  /** A month of the bucket. */
  bucketUsd: (usd: number) => number;
}

const same = (value: number) => value;

export const exact: Arithmetic = {
  ticketTokens: same,
  taskUsd: same,
  codeUsd: same,
  storageUsd: same,
  bucketUsd: same,
};

export const asPublished: Arithmetic = {
  // Not the 6,250 of its token analysis.
  ticketTokens: () => mediumTicketTokens,
  taskUsd: (usd) => rounded(usd, 3),
  codeUsd: (usd) => Math.floor(usd * 100 + 1e-7) / 100,
  storageUsd: (usd) => rounded(usd, 0),
  bucketUsd: (usd) => Math.ceil(usd - 1e-7),
};

/** Half up at a decimal place, as people round: 0.345 is 0.35, whatever its binary digits. */
export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  const result = (Math.sign(value) * Math.floor(Math.abs(value) * scale + 0.5 + 1e-7)) / scale;
  return result === 0 ? 0 : result;
}

interface StoredOption {
  option: Exclude<NoteOption, 'none'>;
  /** Bytes of one item, from and to. */
  itemBytes: readonly [least: number, most: number];
  /** Bytes of as many items as there are tickets, at their largest. */
  totalBytes: number;
  storage: string;
}

interface TaskPart {
  part: 'ticket' | 'code' | 'total';
  kb: number;
  tokens: number;
  usd: number;
  /** Of all tokens of the task. */
  share: number;
}

interface MonthOfOption {
  option: NoteOption;
  storageUsd: number;
  apiUsd: number;
  totalUsd: number;
  /** Against no caching; below zero when it costs more. */
  netUsd: number;
}

interface BreakEven {
  option: 'D' | 'G';
  storageUsd: number;
  savingsUsd: number;
  netUsd: number;
  /** Tickets, with their follow-ups, whose savings pay for the storage of all; null when nothing is saved. */
  tickets: number | null;
}

interface AtScale {
  option: 'D' | 'G';
  storageUsd: number;
  savingsUsd: number;
  /** Savings for each dollar of storage; null when it costs nothing. */
  roi: number | null;
}

export interface NoteTables {
  stored: StoredOption[];
  gbPrices: { name: string; gbUsd: number; hundredGbUsd: number }[];
  task: TaskPart[];
  months: MonthOfOption[];
  breakEven: BreakEven[];
  atScale: AtScale[];
  /** The sessions of a month in a bucket. */
  bucket: StorageCost & { gb: number; restores: number };
  /** The workspaces of a month on disk. */
  disk: { gb: number; usd: number };
}

const kb = 1e3;
const mb = 1e6;
const gb = 1e9;

/** The tables of the research note, from their parameters and the price of an input token. */
export function noteTables(
  parameters: NoteParameters,
  inputUsdPerMTok: number,
  storage: NoteStorage,
  arithmetic: Arithmetic = exact,
): NoteTables {
  const { tickets, followUps, ticketKb, codeKb, sessionMb, charactersPerToken, savedShare } = parameters;
  const { taskUsd, storageUsd } = arithmetic;

  const tokensOf = (size: number) => (size * kb) / charactersPerToken;
  const usdOf = (tokens: number) => (tokens * inputUsdPerMTok) / 1e6;
  const [ticketTokens, codeTokens] = [tokensOf(ticketKb[1]), tokensOf(codeKb)];
  const taskTokens = ticketTokens + codeTokens;
  const partOf = (part: TaskPart['part'], size: number): TaskPart => {
    const tokens = tokensOf(size);
    return { part, kb: size, tokens, usd: usdOf(tokens), share: taskTokens > 0 ? tokens / taskTokens : 0 };
  };

  const workspaceGb = parameters.repositoryGb * parameters.workspaceGrowth;
  const diskGb = workspaceGb * tickets;
  const bucketGb = (sessionMb[1] * mb * tickets) / gb;
  const restores = tickets * parameters.restoresPerSession;
  const bucket = storageCost(storage.object, {
    gb: bucketGb,
    puts: tickets,
    gets: restores,
    gbOut: (restores * sessionMb[1] * mb) / gb,
  });
  const disk = storageCost(storage.disk, { gb: diskGb }).totalUsd;

  // One for the payload, one in Redis.
  const hybridKb = [2 * ticketKb[0], 2 * ticketKb[1]] as const;
  const stored: StoredOption[] = [
    storedItem('B', ticketKb, kb, 'Redis'),
    storedItem('D', [parameters.repositoryGb, workspaceGb], gb, 'Disk'),
    storedItem('E', ticketKb, kb, 'Redis (temp)'),
    storedItem('G', sessionMb, mb, 'S3'),
    storedItem('H', hybridKb, kb, 'Redis'),
  ];
  function storedItem(
    option: StoredOption['option'],
    [least, most]: readonly [number, number],
    unit: number,
    where: string,
  ): StoredOption {
    return {
      option,
      itemBytes: [least * unit, most * unit],
      totalBytes: most * unit * tickets,
      storage: where,
    };
  }

  const tasks = tickets * (1 + followUps);
  const again = tickets * followUps;
  const wholeTask = taskUsd(usdOf(arithmetic.ticketTokens(ticketTokens) + codeTokens));
  const uncached = tasks * wholeTask;
  const redisUsd = (gigabytes: number) => storageUsd(storageCost(storage.redis, { gb: gigabytes }).totalUsd);
  const ticketsInRedis = uncached - again * taskUsd(usdOf(ticketTokens));
  const resumed = uncached - again * taskUsd(savedShare * wholeTask);
  const monthOf = (option: NoteOption, storageOfMonth: number, apiUsd: number): MonthOfOption => {
    const totalUsd = storageOfMonth + apiUsd;
    return { option, storageUsd: storageOfMonth, apiUsd, totalUsd, netUsd: uncached - totalUsd };
  };
  const ticketsGb = (ticketKb[1] * kb * tickets) / gb;
  const [diskUsd, bucketUsd] = [storageUsd(disk), arithmetic.bucketUsd(bucket.totalUsd)];
  const months = [
    monthOf('none', 0, uncached),
    monthOf('B', redisUsd(ticketsGb), ticketsInRedis),
    monthOf('D', diskUsd, resumed),
    monthOf('E', redisUsd(ticketsGb), ticketsInRedis),
    monthOf('G', bucketUsd, resumed),
    monthOf('H', redisUsd(2 * ticketsGb), tasks * arithmetic.codeUsd(usdOf(codeTokens))),
  ];

  const savingsUsd = uncached - resumed;
  const breakEvenOf = (option: 'D' | 'G', cost: number): BreakEven => {
    const perTicket = savingsUsd / tickets;
    return {
      option,
      storageUsd: cost,
      savingsUsd,
      netUsd: savingsUsd - cost,
      tickets: perTicket > 0 ? Math.max(0, Math.ceil(cost / perTicket - 1e-9)) : null,
    };
  };
  const { scale } = parameters;
  const atScaleOf = (option: 'D' | 'G', cost: number): AtScale => ({
    option,
    storageUsd: cost * scale,
    savingsUsd: savingsUsd * scale,
    roi: cost > 0 ? savingsUsd / cost : null,
  });

  return {
    stored,
    gbPrices: [storage.redis, storage.disk, storage.object, ...(storage.also ? [storage.also] : [])].map(
      (price) => ({
        name: `${price.provider} ${price.name}`,
        gbUsd: gbMonthPrice(price),
        hundredGbUsd: 100 * gbMonthPrice(price),
      }),
    ),
    task: [partOf('ticket', ticketKb[1]), partOf('code', codeKb), partOf('total', ticketKb[1] + codeKb)],
    months,
    breakEven: [breakEvenOf('D', diskUsd), breakEvenOf('G', bucketUsd)],
    atScale: [atScaleOf('D', diskUsd), atScaleOf('G', bucketUsd)],
    bucket: { ...bucket, gb: bucketGb, restores },
    disk: { gb: diskGb, usd: disk },
  };
}
