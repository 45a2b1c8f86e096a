import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Git, gitIn } from './git.ts';

export interface RemoteOptions {
  /** Address of the repository, without credentials. */
  url: string;
  /** Token for https addresses; not used for others. */
  token: string;
  /** Object store of the checkout, which fetched objects go to and pushed ones come from. */
  objectDirectory: string;
  /** Directory for the temporary repository; not one that the agent is told of. */
  temporaryDirectory: string;
  /** Ends what is under way. */
  signal: AbortSignal;
  env: Readonly<Record<string, string | undefined>>;
}

export interface RemoteRefs {
  /** Branch that HEAD names; undefined in an empty repository. */
  defaultBranch: string | undefined;
  /** Commit of each branch that was asked for and exists, and of the default branch. */
  branches: Map<string, string>;
}

/** The repository on the server: the only place where the token is used. */
export interface Remote {
  list(branches: string[]): Promise<RemoteRefs>;
  /**
   * Brings the history of `branches` into an object store, that of the checkout or `into`, as one pack, and
   * answers with the commit of each. `known` are commits that are there already, with all that they need.
   */
  fetch(branches: string[], known: string[], into?: string): Promise<Map<string, string>>;
  /** Never forces; rejects with GitError when the branch has moved. */
  push(commit: string, branch: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Reading has as long as a large repository takes; a push has to fit into what is left of a run that timed out. */
const readLimitMs = 15 * 60_000;
const pushLimitMs = 2 * 60_000;

/**
 * Talks to the server from new, empty repositories that only share objects. What the agent may
 * have written into the checkout's `.git` (another remote address, a proxy, a credential helper, a hook) is
 * not read while the token is at hand. Open it for reading before the engine begins, and anew for the push when
 * every process of the engine is gone: nobody else can then have written into it.
 */
export async function openRemote(options: RemoteOptions): Promise<Remote> {
  const { url, token, objectDirectory, temporaryDirectory, signal, env } = options;
  const directory = await mkdtemp(join(temporaryDirectory, 'remote-'));
  const config: [string, string][] = [...authorisation(url, token), ['fetch.unpackLimit', '1']];
  /** Git in a new repository, which knows nothing yet. */
  const newRepository = async (): Promise<Git> => {
    const repository = await mkdtemp(join(directory, 'repository-'));
    await gitIn(repository, env)(['init', '--quiet', '--bare', '--template=', '.']);
    const git = gitIn(repository, env, config);
    return (args, { env: more, ...rest } = {}) =>
      git(args, { ...rest, env: { ...more, GIT_DIR: repository } });
  };
  const git = await newRepository();

  const sharing = (objects: string) => ({ env: { GIT_OBJECT_DIRECTORY: objects } });
  const reading = { signal, timeLimitMs: readLimitMs };

  return {
    async list(branches) {
      const patterns = ['HEAD', ...branches.map((branch) => `refs/heads/${branch}`)];
      return parseRefs(await git(['ls-remote', '--symref', '--', url, ...patterns], reading));
    },

    async fetch(branches, known, into = objectDirectory) {
      const shared = sharing(into);
      const fetching = await newRepository();
      const commands = known.map((commit, index) => `create refs/known/${index} ${commit}\n`).join('');
      if (commands !== '') await fetching(['update-ref', '--stdin'], { ...shared, input: commands });
      const refspecs = branches.map((branch) => `+refs/heads/${branch}:refs/heads/${branch}`);
      await fetching(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--', url, ...refspecs], {
        ...shared,
        ...reading,
      });
      const fetched = branches.map(
        async (branch) =>
          [branch, await fetching(['rev-parse', '--verify', `refs/heads/${branch}`], shared)] as const,
      );
      return new Map(await Promise.all(fetched));
    },

    async push(commit, branch) {
      await git(['push', '--quiet', '--no-verify', '--', url, `${commit}:refs/heads/${branch}`], {
        ...sharing(objectDirectory),
        signal,
        timeLimitMs: pushLimitMs,
      });
    },

    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The token as a header for this one server: never in the address, the arguments, or a file. */
function authorisation(url: string, token: string): [string, string][] {
  if (!/^https?:/.test(url)) return [];
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
  return [
    [`http.${new URL(url).origin}/.extraheader`, `AUTHORIZATION: basic ${basic}`],
    ['http.followRedirects', 'false'],
  ];
}

function parseRefs(output: string): RemoteRefs {
  const branches = new Map<string, string>();
  let defaultBranch: string | undefined;
  let head: string | undefined;
  for (const line of output.split('\n')) {
    defaultBranch ??= /^ref: refs\/heads\/(.+)\tHEAD$/.exec(line)?.[1];
    const [, commit, name] = /^([0-9a-f]{40,64})\t(.+)$/.exec(line) ?? [];
    if (commit === undefined || name === undefined) continue;
    if (name === 'HEAD') head = commit;
    else branches.set(name.replace(/^refs\/heads\//, ''), commit);
  }
  if (defaultBranch !== undefined && head !== undefined) branches.set(defaultBranch, head);
  return { defaultBranch, branches };
}
