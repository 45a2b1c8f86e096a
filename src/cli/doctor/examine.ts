import { setTimeout } from 'node:timers/promises';
import { AppError, messageOf } from '../../core/errors.ts';
import { redact } from '../../core/redact.ts';
import type { Area, Check } from './check.ts';
import type { Patient } from './patient.ts';
import type { CheckResult } from './report.ts';
import { failed, type Verdict } from './verdict.ts';

/** Repositories that are looked at when none is named: each takes some requests to GitHub. */
const mostRepositories = 10;

export interface Examination {
  checks: readonly Check[];
  patient: Patient;
  /** Full names; empty for those of the first installation. */
  repositories: readonly string[];
  /** Longest that one check may take. */
  limitMs: number;
  /** Values that no message may hold, whatever somebody else put into it. */
  secrets: readonly string[];
  /** Hears of each result, in the order of the checks, as soon as it and all before it are there. */
  onResult?: (result: CheckResult) => void;
}

export interface Examined {
  results: CheckResult[];
  /** What was not looked at, in words. */
  leftOut: string[];
}

/** Runs all checks, side by side where they do not need each other. */
export async function examine(examination: Examination): Promise<Examined> {
  const { checks, patient, onResult } = examination;
  const started = new Map<string, Promise<CheckResult>>();
  const results: CheckResult[] = [];

  function start(check: Check, subject: string | null): Promise<CheckResult> {
    const name = `${check.id} ${subject}`;
    const running = started.get(name) ?? run(check, subject);
    started.set(name, running);
    return running;
  }

  async function run(check: Check, subject: string | null): Promise<CheckResult> {
    const { id, title, area } = check;
    const result = { check: id, title, area, subject };
    for (const need of check.needs.map((one) => checkOf(checks, one))) {
      const before = await start(need, need.area === 'app' ? null : subject);
      if (before.level === 'ok' || before.level === 'warning') continue;
      const message =
        before.level === 'failed' ? `Not looked at, because "${need.title}" failed.` : before.message;
      return { ...result, level: 'skipped', message, fix: null, because: before.because ?? need.id };
    }
    const verdict = await inTime(check, patient, subject ?? '', examination.limitMs);
    return {
      ...result,
      level: verdict.level,
      message: redact(verdict.message, examination.secrets),
      fix: 'fix' in verdict && verdict.fix !== undefined ? redact(verdict.fix, examination.secrets) : null,
      because: null,
    };
  }

  async function all(area: Area, subjects: readonly (string | null)[]): Promise<void> {
    const running = subjects.map((subject) =>
      checks.filter((check) => check.area === area).map((check) => start(check, subject)),
    );
    for (const one of running.flat()) {
      const result = await one;
      results.push(result);
      onResult?.(result);
    }
  }

  const app = all('app', [null]);
  const [jira, { named, leftOut }] = await Promise.all([connectionsOf(patient), repositoriesOf(examination)]);
  // They begin at once, and are told when it is their turn.
  for (const check of checks.filter(({ area }) => area === 'jira')) for (const one of jira) start(check, one);
  for (const check of checks.filter(({ area }) => area === 'repository'))
    for (const one of named) start(check, one);
  await app;
  await all('jira', jira);
  await all('repository', named);
  return { results, leftOut };
}

function checkOf(checks: readonly Check[], id: string): Check {
  const found = checks.find((check) => check.id === id);
  if (found === undefined) throw new Error(`no check is called ${id}`);
  return found;
}

async function inTime(check: Check, patient: Patient, subject: string, limitMs: number): Promise<Verdict> {
  const over = new AbortController();
  const late = setTimeout(limitMs, undefined, { signal: over.signal }).then(() =>
    failed(
      `No answer within ${Math.round(limitMs / 1000)} s.`,
      'Check the network between this machine and the other side, and try again.',
    ),
  );
  late.catch(() => undefined);
  const limit = AbortSignal.timeout(limitMs);
  try {
    return await Promise.race([check.inspect(patient, subject, limit), late]);
  } catch (error) {
    if (error instanceof AppError) return failed(error.message, error.hint);
    return failed(
      `The check broke off: ${messageOf(error)}.`,
      'This is a fault of Dexter: report it with this line, at https://github.com/dexter-app/dexter/issues',
    );
  } finally {
    over.abort();
  }
}

/** Names of the JIRA connections; none where the configuration cannot be read, which a check says. */
async function connectionsOf({ config }: Patient): Promise<string[]> {
  try {
    return (await config()).jira.map(({ name }) => name);
  } catch {
    return [];
  }
}

async function repositoriesOf({
  patient,
  repositories,
}: Examination): Promise<{ named: readonly string[]; leftOut: string[] }> {
  if (repositories.length > 0) return { named: repositories, leftOut: [] };
  try {
    const installations = await patient.installations();
    if (installations.outcome !== 'answered') return { named: [], leftOut: [] };
    const [first, ...others] = installations.value.filter(({ suspended_at }) => !suspended_at);
    if (first === undefined) return { named: [], leftOut: [] };
    const found = await (await patient.github()).repositories(first.id, mostRepositories);
    if (found.outcome !== 'answered') {
      return { named: [], leftOut: ['The repositories of the installation, which GitHub did not list.'] };
    }
    const { total_count: total, repositories: listed } = found.value;
    const more = total - listed.length;
    const look = 'Look at one with --repository <owner>/<name>.';
    return {
      named: listed.map(({ owner, name }) => `${owner.login}/${name}`),
      leftOut: [
        ...(more > 0
          ? [`${more} more of the ${total} repositories of ${first.account?.login ?? first.id}. ${look}`]
          : []),
        ...(others.length > 0
          ? [
              `The repositories of ${others.map(({ account, id }) => account?.login ?? id).join(', ')}. ${look}`,
            ]
          : []),
      ],
    };
  } catch {
    // Whatever keeps GitHub from being asked is said by the checks.
    return { named: [], leftOut: [] };
  }
}
