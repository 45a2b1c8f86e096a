import type { Logger } from 'pino';
import type { ContextReader } from '../caches/context-reader.ts';
import type { AppBudgets } from '../config.ts';
import type { EngineSetting } from '../core/engine.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Authenticate } from '../github/github.ts';
import type { Health } from '../health/part-health.ts';
import type { Jira } from '../jira/client.ts';
import type { JiraTicket } from '../jira/ticket.ts';
import type { Db } from '../ledger/commands.ts';
import type { OnboardingServices } from '../onboarding/onboard-next.ts';
import type { Queue } from '../queue/queue.ts';
import type { RetentionRules } from './reason-to-forget.ts';

/** One JIRA site with what the configuration says of it. */
export interface JiraConnection {
  jira: Jira;
  secret: string;
  label: string;
  projects: Record<string, string | string[]>;
  people: Record<string, string>;
}

/** The collaborators of everything in jobs/, made once by the composition root. */
export interface Services {
  db: Db;
  queue: Queue;
  github: Authenticate;
  jira: ReadonlyMap<string, JiraConnection>;
  /** The tickets of all sites, read through the cache. */
  tickets: ContextReader<JiraTicket>;
  /** What becomes of a command when JIRA does not answer and nothing is cached of its ticket. */
  withoutJira: { whenJiraFails: 'go-on' | 'fail'; waitMinutes: number };
  /** After how long a job that waits for its runner is told how things are by then. */
  refreshAfterMs: number;
  dispatcher: Dispatcher;
  /** After how long people are told that no runner has taken a run. */
  runnerNoticeMs: number;
  log: Logger;
  /** Name that Dexter listens to, without the `@`. */
  name: string;
  /** Address of the app for runners. */
  appUrl: string;
  /** Address of GitHub for people, to recognise links to repositories. */
  serverUrl: string;
  /** What the administrator allows to be spent. */
  budgets: AppBudgets;
  /** What talks to the model where neither command nor repository says it. */
  engine?: EngineSetting | undefined;
  /** When sessions are forgotten without anybody asking. */
  retention: RetentionRules;
  /** Ids of the commands that this process prepares or looks after: handed back when it ends before that. */
  holds: Set<string>;
  /** The pull request for new repositories; absent where it is switched off. */
  onboarding?: NonNullable<OnboardingServices['onboarding']>;
  /** How what Dexter works with is, for administrators; absent where nobody looks. */
  health?: Health;
  /** Called after something was queued or ended, so that waiting loops look at once. */
  wake: () => void;
}
