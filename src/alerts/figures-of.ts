import { quantile } from '../core/histogram.ts';
import { boundsOf, type MeasureName } from '../core/measure.ts';
import type { OldestWaiting } from '../ledger/alert-figures.ts';
import type { MeasureSum } from '../ledger/measures.ts';
import type { AlertFigure } from './evaluate.ts';

/** Something that the app needs, and how it is. What is off, and what nobody has asked, says nothing. */
export interface Part {
  name: string;
  state: 'off' | 'ok' | 'unknown' | 'no answer' | 'refused';
}

/** What has been spent of a limit, in US dollars. */
export interface SpentOf {
  label: string;
  spentUsd: number;
  limitUsd: number;
  repositoryId?: number;
}

/** All that was seen at one look. */
export interface Seen {
  /** What was counted in the window. */
  measures: readonly MeasureSum[];
  redisBytes: readonly { value: number }[];
  workspaces: readonly { label: string; value: number }[];
  waiting: OldestWaiting;
  deadLetters: number;
  repositories: readonly SpentOf[];
  people: readonly SpentOf[];
  parts: readonly Part[];
}

/** What is counted of the window, besides the figures of the moment. */
export const measuresOfAlerts: readonly MeasureName[] = [
  'cache_hit',
  'cache_miss',
  'cache_changed',
  'cache_read',
  'cache_write',
  'cache_write_failed',
  'canary',
  'end_untold',
];

/** Everything that there are rules about, in base units. */
export function figuresOf(seen: Seen): AlertFigure[] {
  const { measures, waiting } = seen;
  const sums = (name: MeasureName, layer: string) =>
    measures.filter((sum) => sum.name === name && (sum.label === layer || sum.label.startsWith(`${layer}/`)));
  const total = (name: MeasureName, layer: string) =>
    sums(name, layer).reduce((all, { count }) => all + count, 0);
  const all = (name: MeasureName) =>
    measures.filter((sum) => sum.name === name).reduce((sum, { count }) => sum + count, 0);
  const stores = [
    ...new Set(
      ['cache_hit', 'cache_miss', 'cache_write', 'cache_write_failed', 'cache_read'].flatMap((name) =>
        sums(name as MeasureName, 'session').map(({ label }) => label),
      ),
    ),
  ].sort();

  /** What was in the cache and had changed since is nothing to warn of: only `context` has it. */
  const hitRate = (name: AlertFigure['name'], layer: string): AlertFigure[] => {
    const hits = total('cache_hit', layer);
    const sample = hits + total('cache_miss', layer);
    const found = hits + total('cache_changed', layer);
    return sample === 0 ? [] : [{ name, label: storeOf(layer), value: found / sample, sample }];
  };
  const latency = (name: AlertFigure['name'], layer: string): AlertFigure[] => {
    const read = measures.find((sum) => sum.name === 'cache_read' && sum.label === layer);
    const value = read && quantile(read, boundsOf('cache_read'), 0.99);
    return read && value !== undefined ? [{ name, label: storeOf(layer), value, sample: read.count }] : [];
  };
  const prompts = total('cache_hit', 'prompt') + total('cache_miss', 'prompt');
  return [
    ...hitRate('contextHitRate', 'context'),
    ...stores.flatMap((layer) => hitRate('sessionHitRate', layer)),
    ...seen.redisBytes.map(({ value }): AlertFigure => ({ name: 'redisMemory', label: '', value })),
    ...seen.workspaces.map(({ label, value }): AlertFigure => ({ name: 'workspace', label, value })),
    ...latency('contextReadLatency', 'context'),
    ...stores.flatMap((layer) => latency('sessionReadLatency', layer)),
    { name: 'waitingForDexter', label: '', value: waiting.forDexter },
    { name: 'waitingForTurn', label: '', value: waiting.forTurn },
    ...waiting.forRunner.map(
      ({ repositoryId, repository, seconds }): AlertFigure => ({
        name: 'waitingForRunner',
        label: repository,
        repositoryId,
        value: seconds,
      }),
    ),
    { name: 'deadLetters', label: '', value: seen.deadLetters + all('end_untold') },
    ...stores.map(
      (layer): AlertFigure => ({
        name: 'saveFailures',
        label: storeOf(layer),
        value: total('cache_write_failed', layer),
      }),
    ),
    ...(prompts === 0
      ? []
      : [
          {
            name: 'canary',
            label: '',
            value: all('canary') / prompts,
            sample: prompts,
          } satisfies AlertFigure,
        ]),
    ...budgetFigures('repositoryBudget', seen.repositories),
    ...budgetFigures('personBudget', seen.people),
    ...seen.parts.flatMap(({ name, state }): AlertFigure[] =>
      state === 'unknown' || state === 'off'
        ? []
        : [{ name: 'parts', label: name, isFailing: state !== 'ok' }],
    ),
  ];
}

/** With a limit of 0 nothing is begun, on purpose: nothing of it is ever spent. */
function budgetFigures(name: AlertFigure['name'], spent: readonly SpentOf[]): AlertFigure[] {
  return spent.flatMap(({ label, spentUsd, limitUsd, repositoryId }) =>
    limitUsd > 0 ? [{ name, label, repositoryId, value: spentUsd / limitUsd }] : [],
  );
}

/** `session/s3` -> `s3`; empty where there is one layer alone. */
function storeOf(layer: string): string {
  return layer.includes('/') ? layer.slice(layer.indexOf('/') + 1) : '';
}
