import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';
import { z } from 'zod';
import { readPlace, writePlace } from './open-file.ts';
import { decodeToChange, encode, hasWindowsLines, withWindowsLines } from './text.ts';
import type { Workplace } from './workplace.ts';

const mostBytes = 32 * 1024 * 1024;

const input = z.object({
  file_path: z.string().describe('The file, absolute or relative to the working directory'),
  content: z.string().describe('The whole new content'),
});

export function writeTool({ confinement, define, seen }: Workplace) {
  return define({
    name: 'Write',
    description:
      'Makes a file, or overwrites one. A file that exists has to be read first. Use Edit to change a part of a file.',
    input,
    changes: true,
    async run({ file_path, content }) {
      const place = await confinement.place('Write', file_path);
      const before = await readPlace(place, mostBytes, 'It cannot be overwritten here.');
      if (before === undefined) {
        const bytes = encode(content, false);
        await writePlace(place, bytes, undefined);
        seen.note(place, bytes);
        return `File created successfully at: ${place.shown}`;
      }
      // Edit proves by its old text what it knows; here it takes a read, so that nobody's work is overwritten unseen.
      if (before.bytes.length > 0 && !seen.isAsSeen(place, before.bytes)) {
        throw new ToolError(
          `${place.shown} exists, and what is in it now has not been read. Read it first, then write it.`,
        );
      }
      const { content: old, hasMark } = decodeToChange(before.bytes, place.shown);
      const bytes = encode(hasWindowsLines(old) ? withWindowsLines(content) : content, hasMark);
      await writePlace(place, bytes, before.mode);
      seen.note(place, bytes);
      return `The file ${place.shown} has been updated successfully.`;
    },
  });
}
