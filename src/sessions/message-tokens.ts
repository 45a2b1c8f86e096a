import { isFields, type RecordFields } from './transcript.ts';

const charactersPerToken = 4;

/** An image costs by its pixels, whatever its file holds; a large one about this much. */
const imageTokens = 1_600;

/** Tokens of the messages in records, estimated: the provider counts them only when they are sent. */
export function messageTokens(records: readonly RecordFields[]): number {
  let images = 0;
  const withoutImages = (_key: string, value: unknown): unknown => {
    if (!isFields(value) || value.type !== 'image') return value;
    images += 1;
    return '';
  };
  const characters = records.reduce(
    (sum, { message }) =>
      sum + (isFields(message) ? JSON.stringify(message.content ?? '', withoutImages).length : 0),
    0,
  );
  return Math.ceil(characters / charactersPerToken) + images * imageTokens;
}
