import { readdir } from 'node:fs/promises';
import { z } from 'zod';
import { isGitData } from '../paths.ts';
import { openDirectory } from './open-file.ts';
import { fileFailure } from './tool-failure.ts';
import type { Workplace } from './workplace.ts';

const mostEntries = 1_000;

const input = z.object({
  path: z.string().default('.').describe('The directory; the working directory without'),
});

export function listTool({ confinement, define }: Workplace) {
  return define({
    name: 'LS',
    description: 'Lists a directory: directories end with `/`, links with `@`.',
    input,
    changes: false,
    async run({ path }) {
      const place = await confinement.place('LS', path);
      try {
        await using directory = await openDirectory(place.root, place.path, false);
        const entries = await readdir(directory.base, { withFileTypes: true });
        const names = entries
          .filter(({ name }) => !isGitData(name))
          .map((entry) => `${entry.name}${entry.isDirectory() ? '/' : entry.isSymbolicLink() ? '@' : ''}`)
          .sort();
        if (names.length === 0) return `${place.shown} is empty.`;
        const more = names.length - mostEntries;
        return names.slice(0, mostEntries).join('\n') + (more > 0 ? `\n(and ${more} more: use Glob)` : '');
      } catch (error) {
        throw fileFailure(error, place.shown);
      }
    },
  });
}
