import type { EngineResult } from '../src/engines/engine.ts';

type PricedModels = Pick<EngineResult, 'unpricedModels' | 'enginePricedModels'>;

/** For the person who asked: why no cost is shown, or by whose price it is. Names of models come from the engine. */
export function priceNotices({ unpricedModels, enginePricedModels = [] }: PricedModels): string[] {
  const unpriced = named(unpricedModels);
  const byEngine = named(enginePricedModels);
  return [
    ...(unpriced === undefined
      ? []
      : [
          `There is no price for the ${unpriced.which}: tokens are shown without money. Add ${unpriced.them} under \`prices\`.`,
        ]),
    ...(byEngine === undefined
      ? []
      : [
          `The price of the ${byEngine.which} is Claude Code's own, as Dexter's list does not have ${byEngine.them}. Add ${byEngine.them} under \`prices\` for another one.`,
        ]),
  ];
}

function named(models: readonly string[]): { which: string; them: string } | undefined {
  if (models.length === 0) return undefined;
  const names = models.map((model) => `\`${model.slice(0, 200).replaceAll('`', '')}\``).join(', ');
  return models.length === 1
    ? { which: `model ${names}`, them: 'it' }
    : { which: `models ${names}`, them: 'them' };
}
