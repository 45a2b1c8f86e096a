import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';
import { betaGrepTool } from '@anthropic-ai/sdk/tools/agent-toolset/node';
import { Minimatch } from 'minimatch';
import { z } from 'zod';
import { nothing, pathPattern, shownPath } from './search.ts';
import type { Workplace } from './workplace.ts';

const timeoutMs = 60_000;
const longestLine = 500;

const input = z.object({
  pattern: z.string().min(1).describe('A regular expression'),
  path: z.string().default('.').describe('The file or directory to search; the working directory without'),
  glob: pathPattern.optional().describe('Only files of this pattern, such as `*.ts` or `src/**/*.{ts,tsx}`'),
  output_mode: z
    .enum(['files_with_matches', 'content', 'count'])
    .default('files_with_matches')
    .describe('Paths of files, lines with their numbers, or how many lines match in each file'),
  '-i': z.boolean().default(false).describe('Make no difference between upper and lower case'),
  head_limit: z.number().int().min(1).max(10_000).default(250).describe('How many lines of output at most'),
});

interface Hit {
  /** Its absolute path. */
  found: string;
  file: string;
  line: string;
}

export function grepTool(workplace: Workplace) {
  const { confinement, define } = workplace;
  const search = betaGrepTool(confinement.context);
  return define({
    name: 'Grep',
    description:
      'Searches the contents of files for a regular expression, line by line. `.git` and `node_modules` are left out.',
    input,
    changes: false,
    async run({ pattern, path, glob, output_mode, '-i': anyCase, head_limit }, signal) {
      const place = await confinement.place('Grep', path);
      const stop = AbortSignal.any([
        AbortSignal.timeout(timeoutMs),
        ...(signal === undefined ? [] : [signal]),
      ]);
      let answer: unknown;
      try {
        // Both ripgrep and JavaScript know the flag within a pattern.
        const expression = anyCase ? `(?i:${pattern})` : pattern;
        answer = await search.run({ pattern: expression, path: place.path }, { signal: stop } as never);
      } catch (error) {
        if (stop.aborted && !signal?.aborted)
          throw new ToolError('Grep took too long. Search a smaller directory.');
        const said = error instanceof ToolError ? error.message.replace(/^grep: /, '') : 'the search failed';
        throw new ToolError(`Grep: ${said.replaceAll(place.path, place.shown)}`);
      }
      const lines = typeof answer === 'string' && answer !== nothing ? answer.trimEnd().split('\n') : [];
      const notes = lines.filter((line) => /^\[(?:output truncated|the search was cut)/.test(line));
      const hits = lines.flatMap((text): Hit[] => {
        const [, found = '', line] = /^(\/.*?):(\d+:.*)$/.exec(text) ?? [];
        // ripgrep leaves out the name of the only file.
        if (line === undefined)
          return /^\d+:/.test(text) ? [{ found: place.path, file: place.shown, line: text }] : [];
        const file = shownPath(found, place, workplace);
        return file === undefined ? [] : [{ found, file, line }];
      });
      const isWanted = filterOf(glob);
      const shown = hits.filter(({ file }) => isWanted(file));
      const moved = await movedFiles(shown);
      const wanted = shown.filter(({ found }) => !moved.has(found));
      const output = present(wanted, output_mode);
      if (output.length === 0) return ['No matches found', ...notes].join('\n');
      const more = output.length - head_limit;
      const cut = more > 0 ? [`(and ${more} more: use a narrower pattern, path or glob)`] : [];
      return [...output.slice(0, head_limit), ...cut, ...notes].join('\n');
    },
  });
}

/** Files that a link leads away from by now: the search goes by names, and one may have been put there meanwhile. */
async function movedFiles(hits: readonly Hit[]): Promise<Set<string>> {
  const files = [...new Set(hits.map(({ found }) => found))];
  const real = await Promise.all(files.map((file) => realpath(file).catch(() => undefined)));
  return new Set(files.filter((file, index) => real[index] !== file));
}

function filterOf(glob: string | undefined): (file: string) => boolean {
  if (glob === undefined) return () => true;
  const matcher = new Minimatch(glob.replace(/^\.?\//, ''), { dot: true });
  return (file) => matcher.match(glob.includes('/') ? file : basename(file));
}

function present(hits: readonly Hit[], mode: 'files_with_matches' | 'content' | 'count'): string[] {
  if (mode === 'content') {
    return hits.map(({ file, line }) => {
      const text = `${file}:${line}`;
      return text.length > longestLine ? `${text.slice(0, longestLine)} …` : text;
    });
  }
  const counts = new Map<string, number>();
  for (const { file } of hits) counts.set(file, (counts.get(file) ?? 0) + 1);
  return [...counts].map(([file, count]) => (mode === 'count' ? `${file}:${count}` : file));
}
