import type { ActionsJobs } from './actions-jobs.ts';
import type { Amend } from './amend.ts';
import type { Emulator } from './emulator.ts';
import type { Caller, Identities } from './identities.ts';
import { isObject, type JsonObject } from './json.ts';
import type { Mirror } from './mirror.ts';
import type { Person } from './people.ts';
import type { PullRequests } from './pull-requests.ts';
import type { Reactions } from './reactions.ts';
import type { Settings } from './settings.ts';
import type { Relay } from './webhook-relay.ts';
import type { WorkflowRuns } from './workflow-runs.ts';

/** Everything that the routes of the proxy share. */
export type World = {
  /** The public address. */
  url: string;
  owner: string;
  name: string;
  private: boolean;
  /** Last part of the path at which the emulator delivers its webhooks; nobody else knows it. */
  hookPath: string;
  /** The bare repository. */
  directory: string;
  emulator: Emulator;
  people: readonly Person[];
  /** The App's own OAuth client. */
  client: { id: string; secret: string };
  /** Of the App on the owner of the repository. */
  installation: { id: number; appId: number; slug: string };
  identities: Identities;
  pulls: PullRequests;
  reactions: Reactions;
  /** Review that each review comment belongs to. */
  reviewOf: Map<number, number>;
  /** First comments of the review threads that somebody resolved. */
  resolvedThreads: Set<number>;
  runs: WorkflowRuns;
  settings: Settings;
  jobs: ActionsJobs;
  /** What other systems than Actions said of a commit, newest first. */
  statuses: Map<string, JsonObject[]>;
  relay: Relay;
  mirror: Mirror;
  amend: Amend;
  /** Runs one change of the repository at a time. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
};

/** Path of the repository in the REST API, its address there and the address of its page. */
export function addresses({ url, owner, name }: World) {
  const repo = `/repos/${owner}/${name}` as const;
  return { repo, repositoryUrl: `${url}${repo}`, htmlUrl: `${url}/${owner}/${name}` };
}

/** The user that a caller acts as, as the REST API shows it. */
export async function userOf({ emulator }: World, caller: Caller): Promise<JsonObject> {
  const { body } = await emulator.request(
    'GET',
    `/users/${encodeURIComponent(caller.login)}`,
    emulator.ownToken,
  );
  return isObject(body) ? body : {};
}
