import { randomUUID } from 'node:crypto';
import { secretValues } from '../../core/secret-values.ts';
import { plainJson } from '../plain-text.ts';
import type { Terminal } from '../terminal.ts';
import { checks } from './checks/index.ts';
import { examine } from './examine.ts';
import { patientOf } from './patient.ts';
import { reportOf } from './report.ts';
import { type Look, resultPrinter, summary } from './show.ts';

/** A healthy service answers within a second; JIRA and S3 are tried again meanwhile. */
const limitMs = 25_000;

export interface DoctorOptions {
  /** Full names; empty for those of the first installation. */
  repositories: readonly string[];
  json: boolean;
  look: Look;
}

/** `dexter doctor`: 0 when no check failed, 1 otherwise. */
export async function runDoctor(
  { repositories, json, look }: DoctorOptions,
  { env, now, print }: Terminal,
): Promise<number> {
  const show = resultPrinter(
    checks.map(({ title }) => title),
    look,
    print,
  );
  const { results, leftOut } = await examine({
    checks,
    patient: patientOf({ env, now, id: randomUUID() }),
    repositories,
    limitMs,
    secrets: secretValues(env),
    ...(json ? {} : { onResult: show }),
  });
  const report = reportOf(results, leftOut, now());
  if (json) print(plainJson(report));
  else for (const line of ['', ...summary(report, look)]) print(line);
  return report.outcome === 'ok' ? 0 : 1;
}
