import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';
import type { BetaToolResultContentBlockParam } from '@anthropic-ai/sdk/resources/beta';
import { z } from 'zod';
import { readPlace } from './open-file.ts';
import { decode } from './text.ts';
import { isMissing, type Workplace } from './workplace.ts';

const mostBytes = 32 * 1024 * 1024;
/** About 25,000 tokens, which is what the CLI shows at once. */
const mostCharacters = 100_000;
/** The provider takes images of 5 MB, counted in base64. */
const mostImageBytes = 3_750_000;

const input = z.object({
  file_path: z.string().describe('The file, absolute or relative to the working directory'),
  offset: z.number().int().min(1).max(10_000_000).optional().describe('The first line to show, from 1'),
  limit: z.number().int().min(1).max(1_000_000).optional().describe('How many lines to show'),
});

export function readTool({ confinement, define, seen }: Workplace) {
  return define({
    name: 'Read',
    description:
      'Shows a text file with line numbers (`number`, tab, line), or an image (PNG, JPEG, GIF, WebP). A large file is shown in parts: give `offset` and `limit`.',
    input,
    changes: false,
    async run({ file_path, offset, limit }) {
      const place = await confinement.place('Read', file_path);
      const file = await readPlace(place, mostBytes, 'Use Grep to find what you need in it.');
      if (file === undefined) throw isMissing(place);
      const image = imageType(file.bytes);
      if (image !== undefined) return [imageBlock(file.bytes, image, place.shown)];
      const text = decode(file.bytes, place.shown);
      seen.note(place, file.bytes);
      if (text.content === '')
        return '<system-reminder>The file is there, and it is empty.</system-reminder>';
      const lines = text.content.split(/\r?\n/);
      const first = offset ?? 1;
      if (first > lines.length) {
        throw new ToolError(
          `${place.shown} has ${lines.length} lines, so there is no line ${first}. Use a smaller offset.`,
        );
      }
      const shown = lines.slice(first - 1, limit === undefined ? undefined : first - 1 + limit);
      const numbered = shown
        .map((line, index) => `${first + index}\t${line}`)
        .join('\n')
        .replace(/\t$/, '');
      if (numbered.length > mostCharacters) {
        throw new ToolError(
          `${place.shown} would be ${numbered.length} characters in ${shown.length} lines, more than the ${mostCharacters} that are shown at once. Give offset and limit for a part of it, or use Grep to find what you need.`,
        );
      }
      if (text.isValid) return numbered;
      return `${numbered}\n<system-reminder>This file is not valid UTF-8: what cannot be shown stands as \uFFFD. It cannot be changed by Edit or Write.</system-reminder>`;
    },
  });
}

type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';

/** By its first bytes, as a name may say anything. */
function imageType(bytes: Buffer): ImageType | undefined {
  const start = bytes.toString('latin1', 0, 12);
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (start.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (/^GIF8[79]a/.test(start)) return 'image/gif';
  return start.startsWith('RIFF') && start.endsWith('WEBP') ? 'image/webp' : undefined;
}

function imageBlock(bytes: Buffer, media_type: ImageType, shown: string): BetaToolResultContentBlockParam {
  if (bytes.length > mostImageBytes) {
    throw new ToolError(
      `${shown} is an image of ${bytes.length} bytes, more than ${mostImageBytes}, which is what the model takes.`,
    );
  }
  return { type: 'image', source: { type: 'base64', media_type, data: bytes.toString('base64') } };
}
