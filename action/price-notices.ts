/** For the person who asked: why no cost is shown. Names of models come from the engine. */
export function priceNotices(unpricedModels: readonly string[]): string[] {
  if (unpricedModels.length === 0) return [];
  const names = unpricedModels.map((model) => `\`${model.slice(0, 200).replaceAll('`', '')}\``).join(', ');
  const which = unpricedModels.length === 1 ? `model ${names}` : `models ${names}`;
  const add = unpricedModels.length === 1 ? 'it' : 'them';
  return [`There is no price for the ${which}: tokens are shown without money. Add ${add} under \`prices\`.`];
}
