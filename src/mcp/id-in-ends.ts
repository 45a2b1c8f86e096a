import { idOf, type MessageId } from './message.ts';

/**
 * The id of a message of which only the two ends are known. Writers put it beside the version, first or last;
 * where it stands elsewhere it is not looked for, as it could be a part of the content.
 */
export function idInEnds(ends: string): MessageId | undefined {
  const id = String.raw`"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+)`;
  const version = String.raw`"jsonrpc"\s*:\s*"2\.0"`;
  const text =
    new RegExp(String.raw`^\s*\{\s*(?:${version}\s*,\s*)?${id}`).exec(ends)?.[1] ??
    new RegExp(String.raw`${id}\s*(?:,\s*${version}\s*)?\}\s*$`).exec(ends)?.[1];
  return text === undefined ? undefined : idOf(JSON.parse(text));
}
