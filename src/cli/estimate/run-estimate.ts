import { AppError } from '../../core/errors.ts';
import { archiveShare, defaultParameters } from '../../pricing/estimate/default-parameters.ts';
import { type Estimate, type EstimateParameters, estimate } from '../../pricing/estimate/estimate.ts';
import { noteParameters } from '../../pricing/estimate/note-parameters.ts';
import type { NoteStorage } from '../../pricing/estimate/note-tables.ts';
import { noteStorage, type PublishedFigure } from '../../pricing/estimate/published/figure.ts';
import { noteModel, publishedFigures } from '../../pricing/estimate/published-figures.ts';
import { findPrices } from '../../pricing/find-prices.ts';
import { type ModelPrices, modelPrices } from '../../pricing/model-prices.ts';
import { findStoragePrice, type StoragePrice, storagePrices } from '../../pricing/storage-prices.ts';
import { type Flags, flagValues } from '../flag-values.ts';
import { plain, plainJson } from '../plain-text.ts';
import type { Terminal } from '../terminal.ts';
import { appendix } from './appendix.ts';
import { count, counted } from './figures.ts';
import { FlagValues, flagSources, withFlags } from './flags.ts';
import { type Basis, honestPage, summary } from './honest-page.ts';
import { markdown } from './markdown.ts';
import type { Measured } from './measure.ts';
import { notePage } from './note-page.ts';
import { type Page, text } from './page.ts';
import { noOverrides, type OverriddenPrices, readPrices } from './read-prices.ts';
import { type Look, terminalPage } from './terminal-page.ts';

export interface EstimateOutput {
  form: 'terminal' | 'json' | 'markdown';
  look: Look;
}

/** Where parameters come from that are not given; absent for the defaults. */
export type MeasureLedger = () => Promise<Measured>;

/** `dexter estimate`. */
export async function runEstimate(
  flags: Flags,
  output: EstimateOutput,
  { env, print, tell }: Pick<Terminal, 'env' | 'print' | 'tell'>,
  measureLedger?: MeasureLedger,
): Promise<number> {
  refuseEmpty(flags);
  const values = flagValues(FlagValues, flagSources, flags, env);
  const overrides = values.prices === undefined ? noOverrides : await readPrices(values.prices);
  const measured = await measureLedger?.();
  const parameters = checked(withFlags(measuredParameters(measured, values), values, archiveShare));
  const prices = pricesOf(
    values.model ?? measured?.model ?? noteModel,
    overrides,
    values.model === undefined && measured !== undefined,
  );
  const storage = storageOf(values, overrides.storage);
  const figures = figuresOf(parameters, prices, storage);
  const result = estimate(parameters, prices, storage, { asPublished: figures.length > 0 });
  const basis = measured && basisOf(measured, values);
  const page = (hasNote: boolean) => pageOf(result, { figures, prices: overrides.storage, basis, hasNote });
  switch (output.form) {
    case 'json':
      print(plainJson(inJson(result, figures, measured)));
      break;
    case 'markdown':
      for (const line of markdown(page(true)).split('\n')) print(line);
      break;
    case 'terminal':
      for (const line of terminalPage(page(flags.note === true), output.look)) print(line);
  }
  if (output.form !== 'terminal') for (const doubt of measured?.doubts ?? []) tell(plain(doubt));
  return 0;
}

/** As of a variable that is not set: it should not pass for the default. */
function refuseEmpty(flags: Flags): void {
  const empty = Object.entries(flagSources).flatMap(([name, { flag }]) => {
    const value = flags[name];
    return typeof value === 'string' && value.trim() === '' ? [flag] : [];
  });
  if (empty.length === 0) return;
  throw new AppError('input-invalid', {
    message: `${empty.join(', ')}: the value is empty.`,
    hint: 'Give one, or leave the flag out to have its default.',
  });
}

/** The page for the defaults, as docs/estimate.md has it. */
export function defaultPage(): string {
  const prices = pricesOf(noteModel, noOverrides, false);
  const figures = figuresOf(defaultParameters, prices, noteStorage);
  const result = estimate(defaultParameters, prices, noteStorage, { asPublished: true });
  return markdown(pageOf(result, { figures, prices: storagePrices, hasNote: true }));
}

interface Shown {
  figures: readonly PublishedFigure[];
  prices: readonly StoragePrice[];
  basis?: Basis | undefined;
  /** The tables of the research note as well. */
  hasNote: boolean;
}

/** What it costs comes first; what the note reckons is about how the project began. */
function pageOf(result: Estimate, { figures, prices, basis, hasNote }: Shown): Page {
  return [
    ...summary(result, basis),
    ...honestPage(result),
    ...(hasNote ? notePage(result, figures) : [text(noteIsLeftOut)]),
    ...appendix(prices, figures),
  ];
}

const noteIsLeftOut =
  'With `--note` also the tables of the research note that Dexter began with, reckoned again, and where they are too optimistic.';

function measuredParameters(
  measured: Measured | undefined,
  { baseTokens = defaultParameters.baseTokens }: Pick<FlagValues, 'baseTokens'>,
): EstimateParameters {
  if (!measured) return defaultParameters;
  const { values } = measured;
  const before = { ...defaultParameters, ...values };
  return {
    ...before,
    // What was measured is a whole conversation, with the base that is reckoned with.
    taskTokens:
      values.taskTokens === undefined ? before.taskTokens : Math.max(1000, values.taskTokens - baseTokens),
    restoresPerSession: before.followUps,
  };
}

function basisOf({ basis, doubts }: Measured, given: FlagValues): Basis {
  const tickets = counted(basis.tickets, 'ticket');
  const days = counted(basis.days, 'day', basis.days < 10 ? 1 : 0);
  return {
    scaledFrom: given.tickets === undefined ? `${tickets} in ${days}` : undefined,
    remarks: [`Measured by the ledger: ${tickets} with ${counted(basis.runs, 'run')} in ${days}.`, ...doubts],
  };
}

/** Each may be right, and both together wrong. */
function checked(parameters: EstimateParameters): EstimateParameters {
  const { baseTokens, compactedTokens, taskTokens } = parameters;
  if (compactedTokens < baseTokens) {
    throw new AppError('input-invalid', {
      message: `--compacted-tokens (${count(compactedTokens)}) must not be below --base-tokens (${count(baseTokens)}): a copy begins with tools and system prompt too.`,
      hint: 'Give both, or leave both to their defaults.',
    });
  }
  // A conversation shorter than the usual copy has none: the copy would be the conversation.
  return { ...parameters, compactedTokens: Math.min(compactedTokens, baseTokens + taskTokens) };
}

function pricesOf(model: string, { models }: OverriddenPrices, isMeasured: boolean): ModelPrices {
  const found = findPrices(model, models);
  if (found) return found;
  throw new AppError('input-invalid', {
    message: `The prices of the model \`${model}\` are not known${isMeasured ? ', which most runs of the ledger asked' : ''}.`,
    hint: `Name one of ${modelPrices.map((row) => row.model).join(', ')} with --model, or give its prices in a file: --prices prices.yml with\nmodels:\n  ${model}: { input: 3, output: 15, cacheWrite5m: 3.75, cacheWrite1h: 6, cacheRead: 0.3 }`,
  });
}

function storageOf(values: FlagValues, prices: readonly StoragePrice[]): NoteStorage {
  const of = (flag: 'storage' | 'disk' | 'redis', kind: StoragePrice['kind'], usual: StoragePrice) => {
    const id = values[flag] ?? usual.id;
    const fitting = prices.filter(
      (price) => price.kind === kind || (kind === 'object' && price.kind === 'block'),
    );
    const found = findStoragePrice(id, fitting);
    if (found) return found;
    throw new AppError('input-invalid', {
      message: `--${flag}: there is no price \`${id}\` of this kind.`,
      hint: `Name one of ${fitting.map((price) => price.id).join(', ')}.`,
    });
  };
  const object = of('storage', 'object', noteStorage.object);
  return {
    redis: of('redis', 'redis', noteStorage.redis),
    disk: of('disk', 'block', noteStorage.disk),
    object,
    ...(object === noteStorage.object && noteStorage.also ? { also: noteStorage.also } : {}),
  };
}

/** The figures of the note, where its own parameters and prices are reckoned with; else none. */
function figuresOf(
  parameters: EstimateParameters,
  prices: ModelPrices,
  { redis, disk, object }: NoteStorage,
): PublishedFigure[] {
  const known = { 'Sonnet 4.5': noteModel, 'Opus 4.5': 'claude-opus-4-5', 'Haiku 4.5': 'claude-haiku-4-5' };
  const models = Object.entries(known).flatMap(([name, model]) => {
    const found = findPrices(model);
    return found ? [[name, found] as const] : [];
  });
  const ofNote: Record<string, unknown> = { ...noteParameters };
  const isTheNote =
    Object.entries(parameters).every(
      ([name, value]) => !(name in ofNote) || JSON.stringify(value) === JSON.stringify(ofNote[name]),
    ) &&
    prices === findPrices(noteModel) &&
    redis === noteStorage.redis &&
    disk === noteStorage.disk &&
    object === noteStorage.object;
  return isTheNote ? publishedFigures(Object.fromEntries(models)) : [];
}

function inJson(
  { parameters, prices, storage, note, honest }: Estimate,
  figures: readonly PublishedFigure[],
  measured: Measured | undefined,
) {
  return {
    parameters,
    prices,
    storage: { object: storage.object.id, disk: storage.disk.id, redis: storage.redis.id },
    ...(measured ? { measured: { ...measured.basis, doubts: measured.doubts } } : {}),
    note: { arithmetic: figures.length > 0 ? 'as-published' : 'exact', ...note },
    honest,
    ...(figures.length > 0 ? { published: figures } : {}),
  };
}
