import type { Emulator } from './emulator.ts';
import { type ChangedFile, changedFiles, commitsBetween, headOf, mergeBase } from './git.ts';
import { isObject, type JsonObject, numberAt, objectAt, textAt } from './json.ts';

/** What git says of a pull request. */
export type Comparison = { base: string; head: string; commits: string[]; files: ChangedFile[] };

/** An error answer as GitHub words it. */
export type Refusal = { message: string; errors: JsonObject[] };

/**
 * What the emulator does not know of a pull request, read from the bare repository: its head after a push,
 * its commits and its files.
 */
export function createPullRequests(emulator: Emulator, directory: string, owner: string, name: string) {
  const numbers = new Set<number>();
  const comparisons = new Map<string, Comparison>();
  /** Head of each pull request when it was last seen, for those whose branch is gone. */
  const lastHeads = new Map<number, string>();
  /** What the merge button made, by the number of the pull request. */
  const merges = new Map<number, { sha: string; at: string }>();

  async function compare(base: string, head: string): Promise<Comparison> {
    const key = `${base}..${head}`;
    const known = comparisons.get(key);
    if (known) return known;
    const start = (await mergeBase(directory, base, head)) ?? base;
    const comparison = {
      base: start,
      head,
      commits: await commitsBetween(directory, head, [start]),
      files: await changedFiles(directory, start, head),
    };
    comparisons.set(key, comparison);
    return comparison;
  }

  async function comparisonOf(pull: JsonObject): Promise<Comparison> {
    const number = numberAt(pull, 'number');
    const [head, base] = [objectAt(pull, 'head'), objectAt(pull, 'base')];
    const open = pull.state === 'open';
    const current = open ? await headOf(directory, textAt(head, 'ref')) : undefined;
    const target = open ? await headOf(directory, textAt(base, 'ref')) : undefined;
    const sha = current ?? lastHeads.get(number) ?? textAt(head, 'sha');
    lastHeads.set(number, sha);
    return compare(target ?? textAt(base, 'sha'), sha);
  }

  async function read(number: number, token = emulator.ownToken) {
    return emulator.request('GET', `/repos/${owner}/${name}/pulls/${number}`, token);
  }

  return {
    read,
    comparisonOf,
    remember: (number: number) => numbers.add(number),
    has: (number: number) => numbers.has(number),
    noteMerge: (number: number, sha: string) => merges.set(number, { sha, at: new Date().toISOString() }),

    /** The pull request as GitHub would show it. */
    async amend(pull: JsonObject): Promise<JsonObject> {
      const { head, commits, files } = await comparisonOf(pull);
      const sum = (key: 'additions' | 'deletions') => files.reduce((total, file) => total + file[key], 0);
      return {
        ...pull,
        head: { ...objectAt(pull, 'head'), sha: head },
        statuses_url: textAt(pull, 'statuses_url').replace(/[^/]*$/, head),
        commits: commits.length,
        additions: sum('additions'),
        deletions: sum('deletions'),
        changed_files: files.length,
        ...mergeOf(merges.get(numberAt(pull, 'number'))),
      };
    },

    /** The issue that every pull request also is, which the emulator does not show. */
    async asIssue(number: number, token: string): Promise<JsonObject | undefined> {
      const { status, body } = await read(number, token);
      if (status !== 200 || !isObject(body)) return undefined;
      const kept = [
        'id',
        'node_id',
        'number',
        'title',
        'user',
        'labels',
        'state',
        'locked',
        'assignee',
        'assignees',
      ];
      const more = [
        'milestone',
        'comments',
        'created_at',
        'updated_at',
        'closed_at',
        'body',
        'author_association',
      ];
      const base = textAt(body, 'issue_url').replace(/\/issues\/\d+$/, '');
      return {
        ...Object.fromEntries([...kept, ...more].map((key) => [key, body[key]])),
        url: textAt(body, 'issue_url'),
        repository_url: base,
        comments_url: `${base}/issues/${number}/comments`,
        labels_url: `${base}/issues/${number}/labels{/name}`,
        html_url: textAt(body, 'html_url'),
        state_reason: null,
        performed_via_github_app: null,
      };
    },

    /** Numbers of the open pull requests from a branch. */
    async openOn(branch: string): Promise<number[]> {
      const query = new URLSearchParams({ state: 'open', head: `${owner}:${branch}`, per_page: '100' });
      const answer = await emulator.request(
        'GET',
        `/repos/${owner}/${name}/pulls?${query}`,
        emulator.ownToken,
      );
      return (Array.isArray(answer.body) ? answer.body : []).map((pull) => numberAt(pull, 'number'));
    },

    /** Why GitHub would not open this pull request; the emulator would make the missing branch. */
    async refusal(request: unknown): Promise<Refusal | undefined> {
      const head = textAt(request, 'head').replace(`${owner}:`, '');
      const base = textAt(request, 'base');
      const failed = (error: JsonObject) => ({
        message: 'Validation Failed',
        errors: [{ resource: 'PullRequest', ...error }],
      });
      const headSha = await headOf(directory, head);
      const baseSha = await headOf(directory, base);
      if (!headSha) return failed({ field: 'head', code: 'invalid' });
      if (!baseSha) return failed({ field: 'base', code: 'invalid' });
      if ((await this.openOn(head)).length > 0) {
        return failed({ code: 'custom', message: `A pull request already exists for ${owner}:${head}.` });
      }
      if ((await compare(baseSha, headSha)).commits.length === 0) {
        return failed({ code: 'custom', message: `No commits between ${base} and ${head}` });
      }
      return undefined;
    },
  };
}
export type PullRequests = ReturnType<typeof createPullRequests>;

function mergeOf(merge: { sha: string; at: string } | undefined): JsonObject {
  return merge ? { merged: true, merged_at: merge.at, merge_commit_sha: merge.sha } : {};
}

/** A changed file as `GET /repos/:owner/:repo/pulls/:number/files` lists it. */
export function formatFile(
  file: ChangedFile,
  repositoryUrl: string,
  htmlUrl: string,
  head: string,
): JsonObject {
  const path = file.filename.split('/').map(encodeURIComponent).join('/');
  return {
    sha: file.sha,
    filename: file.filename,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${htmlUrl}/blob/${head}/${path}`,
    raw_url: `${htmlUrl}/raw/${head}/${path}`,
    contents_url: `${repositoryUrl}/contents/${path}?ref=${head}`,
    patch: file.patch,
    ...(file.previousFilename ? { previous_filename: file.previousFilename } : {}),
  };
}
