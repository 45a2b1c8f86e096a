import { readFile, rename, writeFile } from 'node:fs/promises';
import { Report } from '../src/core/report.ts';

/** Leaves a report for the post step in a file: whole or not at all. */
export async function keepReport(path: string, report: Report): Promise<void> {
  const written = `${path}.new`;
  await writeFile(written, JSON.stringify(report), { mode: 0o600 });
  await rename(written, path);
}

/** Undefined when the main step left none, or none that can be read: then the post step finds out what there is. */
export async function keptReport(path: string): Promise<Report | undefined> {
  try {
    return Report.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}
