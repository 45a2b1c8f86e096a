import type { Role } from './people.ts';

/** A machine that waits for jobs. */
export type SimulatedRunner = { name: string; status: 'online' | 'offline'; labels: string[] };

/** An installation of the App on another account: it stands in the lists of those who have access, and nowhere else. */
export type Elsewhere = {
  id: number;
  account: string;
  /** Of another App, when it is not this one's. */
  appId?: number;
  repositories: { id: number; name: string; private: boolean; people: Record<string, Role> }[];
};

/** What administrators set up on GitHub's pages, and a test changes at will. */
export type Settings = {
  hasHookSecret: boolean;
  /** Whether the App is installed anywhere, as far as it is told. */
  isInstalled: boolean;
  suspendedAt: string | null;
  /** Permissions that the App asks for and the owner has not accepted yet. */
  notAccepted: string[];
  actionsEnabled: boolean;
  /** State of a workflow by its file; `active` where none is named. */
  workflowStates: Map<string, string>;
  /** Names of the secrets of the repository, and of its organisation for it. */
  secrets: { own: string[]; shared: string[] };
  runners: { own: SimulatedRunner[]; shared: SimulatedRunner[] };
  /** Addresses that people may be sent to after signing in. */
  callbackUrls: string[];
  /** Who may do something else in the repository than at first, as far as the App's lists for people tell. */
  access: Map<string, Role>;
  elsewhere: Elsewhere[];
};

export function defaultSettings(): Settings {
  return {
    hasHookSecret: true,
    isInstalled: true,
    suspendedAt: null,
    notAccepted: [],
    actionsEnabled: true,
    workflowStates: new Map(),
    secrets: { own: [], shared: [] },
    runners: { own: [], shared: [] },
    callbackUrls: [],
    access: new Map(),
    elsewhere: [],
  };
}
