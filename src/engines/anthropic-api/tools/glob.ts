import { isAbsolute, join, relative, resolve } from 'node:path';
import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';
import { betaGlobTool } from '@anthropic-ai/sdk/tools/agent-toolset/node';
import { z } from 'zod';
import { nothing, pathPattern, shownPath } from './search.ts';
import type { Workplace } from './workplace.ts';

/** What the SDK's tool ends at, without saying so. */
const mostMatches = 200;

const input = z.object({
  pattern: pathPattern.describe('Such as `src/**/*.ts`'),
  path: z.string().default('.').describe('The directory to search; the working directory without'),
});

export function globTool(workplace: Workplace) {
  const { confinement, define } = workplace;
  const search = betaGlobTool(confinement.context);
  return define({
    name: 'Glob',
    description:
      'Finds files by a pattern for their paths, the newest first. Names that begin with a dot have to be named; `.git` and `node_modules` are left out.',
    input,
    changes: false,
    async run({ pattern, path }) {
      const asked = await confinement.place('Glob', path);
      const { base, rest } = split(isAbsolute(pattern) ? relative(asked.path, pattern) : pattern);
      // A pattern that begins with another directory is asked for there.
      const place = base === '' ? asked : await confinement.place('Glob', resolve(asked.path, base));
      let answer: unknown;
      try {
        answer = await search.run({ pattern: rest, path: place.path });
      } catch (error) {
        const said = error instanceof ToolError ? error.message.replace(/^glob: /, '') : 'the search failed';
        throw new ToolError(
          `Glob: ${said.replaceAll(place.path, place.shown)}. Use a pattern such as \`src/**/*.ts\`.`,
        );
      }
      if (typeof answer !== 'string' || answer === nothing) return 'No files found';
      const found = answer.split('\n').map((file) => shownPath(join(file), place, workplace));
      const files = found.filter((file) => file !== undefined);
      if (files.length === 0) return 'No files found';
      return (
        files.join('\n') +
        (found.length < mostMatches ? '' : `\n(the newest ${mostMatches}: use a narrower pattern for others)`)
      );
    },
  });
}

/** The way out of the directory that a pattern begins with, and the pattern there. */
function split(pattern: string): { base: string; rest: string } {
  const segments = pattern.split('/');
  const wild = segments.findIndex((segment) => /[*?[\]{}!()\\]/.test(segment));
  const count =
    segments[0] === '..' ? Math.min(wild < 0 ? Number.POSITIVE_INFINITY : wild, segments.length - 1) : 0;
  return { base: segments.slice(0, count).join('/'), rest: segments.slice(count).join('/') };
}
