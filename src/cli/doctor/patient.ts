import type { AppConfig, Environment } from '../../config.ts';
import {
  type GitHubInspection,
  gitHubInspection,
  type Installation,
  type NamedRepository,
} from '../../github/inspect.ts';
import { readConfig } from '../../read-config.ts';

/** The set-up that is examined. What several checks ask is asked once. */
export interface Patient {
  env: Environment;
  now: () => Date;
  /** Names what a check makes for a moment, so that two examinations do not meet. */
  id: string;
  config: () => Promise<AppConfig>;
  github: () => Promise<GitHubInspection>;
  app: () => ReturnType<GitHubInspection['app']>;
  installations: () => ReturnType<GitHubInspection['installations']>;
  installationOf: (repository: string) => ReturnType<GitHubInspection['installationOf']>;
  workflow: (repository: string) => Promise<WorkflowFiles>;
}

export interface WorkflowFiles {
  /** Where it has to be. */
  path: string;
  /** On the default branch, without which GitHub knows of no workflow. */
  onDefault: Awaited<ReturnType<GitHubInspection['file']>>;
  /** On the branch whose file is run: the same where no other one is configured. */
  run: Awaited<ReturnType<GitHubInspection['file']>>;
  /** Undefined for the default branch. */
  ref: string | undefined;
}

export function patientOf({ env, now, id }: Pick<Patient, 'env' | 'now' | 'id'>): Patient {
  const config = once(() => readConfig(env));
  const github = once(async () => {
    const { appId, privateKey, apiUrl } = (await config()).github;
    return gitHubInspection({ appId, privateKey, apiUrl, token: env.GITHUB_TOKEN || env.GH_TOKEN });
  });
  const installationOf = onceFor(async (repository) => (await github()).installationOf(namedOf(repository)));
  return {
    env,
    now,
    id,
    config,
    github,
    app: once(async () => (await github()).app()),
    installations: once(async () => (await github()).installations()),
    installationOf,
    workflow: onceFor(async (repository) => {
      const { dispatcher } = await config();
      const { file } = await github();
      const { id: installationId } = await installationIn(installationOf(repository));
      const [workflow, ref] =
        dispatcher.kind === 'actions' ? [dispatcher.workflow, dispatcher.ref] : ['dexter.yml', undefined];
      const path = `.github/workflows/${workflow}`;
      const onDefault = await file(installationId, namedOf(repository), path);
      const run = ref === undefined ? onDefault : await file(installationId, namedOf(repository), path, ref);
      return { path, onDefault, run, ref };
    }),
  };
}

/** An installation that an earlier check has seen. */
export async function installationIn(answer: ReturnType<Patient['installationOf']>): Promise<Installation> {
  const found = await answer;
  if (found.outcome === 'answered') return found.value;
  throw new Error('the installation was not looked at before');
}

/** `owner/name` as its two parts. */
export function namedOf(repository: string): NamedRepository {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask();
    return asked;
  };
}

function onceFor<T>(ask: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  return (name) => {
    const known = asked.get(name) ?? ask(name);
    asked.set(name, known);
    return known;
  };
}
