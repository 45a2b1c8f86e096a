import type { GetInput } from './inputs.ts';

/**
 * The inputs with `prices` as JSON: in a workflow it is YAML. The parser is loaded for that alone, as few runs need
 * it. What is no YAML stays as it is, for the parser of the inputs to refuse with everything else that is wrong.
 */
export async function readablePrices(getInput: GetInput): Promise<GetInput> {
  const text = getInput('prices');
  if (text.trim() === '') return getInput;
  const { parse } = await import('yaml');
  let json: string;
  try {
    json = JSON.stringify(parse(text) ?? undefined) ?? '';
  } catch {
    return getInput;
  }
  return (name) => (name === 'prices' ? json : getInput(name));
}
