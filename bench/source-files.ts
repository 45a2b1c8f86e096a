import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SourceFile {
  /** Below the checkout. */
  path: string;
  lines: string[];
}

export type SourceFiles = [SourceFile, ...SourceFile[]];

/** Packages whose code an agent could be working on: written by people, not minified. */
const packages = [
  'commander',
  'execa',
  'hono',
  'jose',
  'kysely',
  'pg',
  'pg-boss',
  'pino',
  'tar',
  'yaml',
  'zod',
];
const wanted = { least: 4_000, most: 60_000 };

/** Real source code, read from this repository's own dependencies; the same for the same lock file. */
export async function readSourceFiles(): Promise<SourceFiles> {
  const root = join(import.meta.dirname, '..', 'node_modules');
  const files: SourceFile[] = [];
  for (const name of packages) {
    const entries = await readdir(join(root, name), { withFileTypes: true, recursive: true });
    const paths = entries
      .filter((entry) => entry.isFile() && /\.(?:m?js|ts)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => !path.slice(root.length + 1).includes('node_modules'))
      .sort();
    for (const path of paths) {
      const content = await readFile(path, 'utf8');
      if (content.length < wanted.least || content.length > wanted.most) continue;
      const lines = content.split('\n');
      if (lines.some((line) => line.length > 1_000)) continue;
      files.push({ path: join('packages', path.slice(root.length + 1)), lines });
    }
  }
  const [first, ...rest] = files;
  if (first === undefined) throw new Error(`There is no source code in ${root}`);
  return [first, ...rest];
}
