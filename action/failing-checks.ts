import { z } from 'zod';
import { type CheckLogs, type JobLog, lastLines } from '../src/context/check-logs.ts';
import { messageOf } from '../src/core/errors.ts';
import { statusOf } from '../src/github/github.ts';

export interface FailingCheckOptions {
  /** Base address of GitHub's REST API. */
  apiUrl: string;
  owner: string;
  repository: string;
  /** Installation token of the claim; it has to be allowed to read Actions. */
  token: string;
  /** Commit whose checks are looked at. */
  commit: string;
  /** Values that must not appear in what is answered. */
  secrets: readonly string[];
  signal: AbortSignal;
}

const mostJobs = 3;
const requestLimitMs = 30_000;
const logLimitMs = 60_000;

/** Only the end of a log is kept in memory, and a log that is longer than this is not read to its end. */
const keptCharacters = 512 * 1024;
const longestLog = 64 * 1024 * 1024;

const failing = new Set(['failure', 'timed_out', 'startup_failure']);

const Runs = z.object({
  workflow_runs: z.array(
    z.object({
      id: z.number(),
      name: z.string().nullish(),
      path: z.string(),
      conclusion: z.string().nullable(),
    }),
  ),
});

const Jobs = z.object({
  jobs: z.array(
    z.object({
      id: z.number(),
      name: z.string(),
      conclusion: z.string().nullable(),
      html_url: z.string().nullish(),
    }),
  ),
});

type FailedJob = z.infer<typeof Jobs>['jobs'][number] & { workflow: string };

/**
 * The ends of the logs of at most three jobs of GitHub Actions that failed for a commit. Something good to have: what
 * cannot be read is a notice, never an error, unless the run is being stopped.
 */
export async function failingCheckLogs(options: FailingCheckOptions): Promise<CheckLogs> {
  const found: CheckLogs = { jobs: [], more: 0, notices: [] };
  let failed: FailedJob[];
  try {
    failed = await failedJobs(options);
  } catch (error) {
    options.signal.throwIfAborted();
    return { ...found, notices: [whyNoJobs(error)] };
  }
  found.more = Math.max(0, failed.length - mostJobs);
  for (const job of failed.slice(0, mostJobs)) {
    try {
      found.jobs.push(await readLog(options, job));
    } catch (error) {
      options.signal.throwIfAborted();
      found.notices.push(whyNoLog(job, error));
    }
  }
  return found;
}

/** Newest run of each workflow first, as far as it failed. */
async function failedJobs({ apiUrl, owner, repository, token, commit, signal }: FailingCheckOptions) {
  const { Octokit } = await import('octokit');
  const octokit = new Octokit({
    auth: token,
    baseUrl: apiUrl,
    userAgent: 'dexter-action',
    retry: { enabled: false },
    throttle: { enabled: false },
  });
  const place = { owner, repo: repository, per_page: 100 };
  const request = () => ({ signal: AbortSignal.any([signal, AbortSignal.timeout(requestLimitMs)]) });
  const { data } = await octokit.request('GET /repos/{owner}/{repo}/actions/runs', {
    ...place,
    head_sha: commit,
    request: request(),
  });
  const failed: FailedJob[] = [];
  for (const run of newestOfEach(Runs.parse(data).workflow_runs)) {
    if (!failing.has(run.conclusion ?? '')) continue;
    const { data: listed } = await octokit.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', {
      ...place,
      run_id: run.id,
      filter: 'latest',
      request: request(),
    });
    for (const job of Jobs.parse(listed).jobs)
      if (failing.has(job.conclusion ?? '')) failed.push({ ...job, workflow: run.name ?? run.path });
  }
  return failed;
}

/** A workflow may have run several times for a commit: what counts is the newest. */
function newestOfEach<T extends { id: number; path: string }>(runs: readonly T[]): T[] {
  const newest = new Map<string, T>();
  for (const run of runs.toSorted((a, b) => b.id - a.id))
    if (!newest.has(run.path)) newest.set(run.path, run);
  return [...newest.values()];
}

async function readLog(options: FailingCheckOptions, job: FailedJob): Promise<JobLog> {
  const { apiUrl, owner, repository, token, secrets } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(logLimitMs)]);
  const path = `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}/actions/jobs/${job.id}/logs`;
  const answer = await fetch(`${apiUrl}${path}`, {
    headers: { authorization: `Bearer ${token}`, 'user-agent': 'dexter-action' },
    redirect: 'manual',
    signal,
  });
  // The log lies with another server, under an address of its own: the token is not for that one.
  const elsewhere = answer.headers.get('location');
  const isRedirect = answer.status >= 300 && answer.status < 400 && elsewhere !== null;
  if (isRedirect) await answer.body?.cancel();
  const log = isRedirect
    ? await fetch(new URL(elsewhere, `${apiUrl}${path}`), { redirect: 'error', signal })
    : answer;
  if (!log.ok) {
    await log.body?.cancel();
    throw new LogRefused(log.status);
  }
  const { text, isCut } = await endOfBody(log);
  return {
    name: job.name,
    workflow: job.workflow,
    conclusion: job.conclusion ?? '',
    url: job.html_url ?? '',
    lines: lastLines(text, secrets, { isCut }),
  };
}

class LogRefused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`HTTP ${status}`);
    this.status = status;
  }
}

async function endOfBody(response: Response): Promise<{ text: string; isCut: boolean }> {
  const decoder = new TextDecoder();
  let text = '';
  let isCut = false;
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    text += decoder.decode(chunk, { stream: true });
    if (text.length > 2 * keptCharacters) {
      text = text.slice(-keptCharacters);
      isCut = true;
    }
    if (bytes > longestLog) throw new Error('it is too long');
  }
  return { text: text + decoder.decode(), isCut };
}

function whyNoJobs(error: unknown): string {
  const status = statusOf(error);
  const why =
    status === 403 || status === 404 ? 'Dexter may not read Actions of this repository' : messageOf(error);
  return `The logs of failing jobs could not be looked for: ${why}.`;
}

function whyNoLog({ name }: FailedJob, error: unknown): string {
  const status = statusOf(error);
  const why =
    status === 403 || status === 404
      ? 'Dexter may not read it, or it is not kept any more'
      : status === 410
        ? 'it is not kept any more'
        : messageOf(error);
  return `The log of the failing job ${JSON.stringify(name.slice(0, 100))} could not be read: ${why}.`;
}
