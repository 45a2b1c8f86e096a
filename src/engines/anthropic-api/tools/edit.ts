import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';
import { z } from 'zod';
import { readPlace, writePlace } from './open-file.ts';
import { decodeToChange, encode, hasWindowsLines, withWindowsLines } from './text.ts';
import { isMissing, type Workplace } from './workplace.ts';

const mostBytes = 32 * 1024 * 1024;

const input = z.object({
  file_path: z.string().describe('The file, absolute or relative to the working directory'),
  old_string: z
    .string()
    .describe('The text to replace, exactly as it is in the file; empty to make a new file'),
  new_string: z.string().describe('The text to put in its place'),
  replace_all: z.boolean().default(false).describe('Replace every occurrence'),
});

export function editTool({ confinement, define, seen }: Workplace) {
  return define({
    name: 'Edit',
    description:
      'Replaces a text in a file. `old_string` must be in the file exactly once, unless `replace_all` is set: take in the lines around it. Leave out the line numbers that Read shows.',
    input,
    changes: true,
    async run(edit) {
      const { file_path, old_string, new_string, replace_all } = edit;
      const place = await confinement.place('Edit', file_path);
      if (old_string === new_string) {
        throw new ToolError('old_string and new_string are the same: there is nothing to change.');
      }
      const before = await readPlace(place, mostBytes, 'It is too large to be edited here.');
      if (before === undefined && old_string !== '') throw isMissing(place);
      if (before === undefined) {
        const bytes = encode(new_string, false);
        await writePlace(place, bytes, undefined);
        seen.note(place, bytes);
        return `File created successfully at: ${place.shown}`;
      }
      const { content, hasMark } = decodeToChange(before.bytes, place.shown);
      const changed = replaced(content, edit, place.shown);
      const bytes = encode(changed, hasMark);
      const wasSeen = seen.isAsSeen(place, before.bytes);
      await writePlace(place, bytes, before.mode);
      if (wasSeen) seen.note(place, bytes);
      return `The file ${place.shown} has been updated successfully.${replace_all ? ' All occurrences were replaced.' : ''}`;
    },
  });
}

/**
 * The content with the replacement. Read shows no carriage returns, so lines that end as on Windows are found by texts
 * without, and the new text gets them where all lines or those replaced have them; everything else stays as it is.
 */
function replaced(content: string, edit: z.infer<typeof input>, shown: string): string {
  const { old_string, new_string, replace_all } = edit;
  if (old_string === '') {
    if (content === '') return new_string;
    throw new ToolError(`${shown} exists and is not empty. Give the old_string to replace, or use Write.`);
  }
  const spots = find(content, old_string);
  if (spots.length === 0) {
    throw new ToolError(
      `String to replace not found in ${shown}. Read the file again and copy the text exactly, without line numbers.\nString: ${old_string.slice(0, 500)}`,
    );
  }
  if (spots.length > 1 && !replace_all) {
    throw new ToolError(
      `Found ${spots.length} matches of the string to replace in ${shown}, but replace_all is false. Take in more of the lines around it, or set replace_all.\nString: ${old_string.slice(0, 500)}`,
    );
  }
  const isWindows = hasWindowsLines(content);
  let changed = '';
  let from = 0;
  for (const { start, end } of spots) {
    const hasReturns = isWindows || content.slice(start, end).includes('\r\n');
    changed += content.slice(from, start) + (hasReturns ? withWindowsLines(new_string) : new_string);
    from = end;
  }
  return changed + content.slice(from);
}

interface Spot {
  start: number;
  end: number;
}

function find(content: string, text: string): Spot[] {
  const exact = spotsOf(content, text);
  if (exact.length > 0 || !content.includes('\r\n') || !text.includes('\n')) return exact;
  const lines = text.split(/\r?\n/).map((line) => line.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  return [...content.matchAll(new RegExp(lines.join('\\r?\\n'), 'g'))].map(({ index, 0: found }) => ({
    start: index,
    end: index + found.length,
  }));
}

function spotsOf(content: string, text: string): Spot[] {
  const spots: Spot[] = [];
  for (let start = content.indexOf(text); start >= 0; start = content.indexOf(text, start + text.length)) {
    spots.push({ start, end: start + text.length });
  }
  return spots;
}
