import { App, Octokit } from 'octokit';
import { z } from 'zod';
import type { Answer } from '../core/answer.ts';
import { ask, mapped, onceOptions } from './ask.ts';

const Permissions = z.record(z.string(), z.string());

const GitHubApp = z.object({
  slug: z.string(),
  html_url: z.string(),
  owner: z.object({ login: z.string(), type: z.string().optional() }).nullish(),
  permissions: Permissions,
  events: z.array(z.string()),
});
export type GitHubApp = z.infer<typeof GitHubApp>;

const HookConfig = z.object({
  url: z.string().optional(),
  /** Stars where there is one. */
  secret: z.string().nullish(),
  content_type: z.string().optional(),
  insecure_ssl: z.union([z.string(), z.number()]).optional(),
});
export type HookConfig = z.infer<typeof HookConfig>;

const Delivery = z.object({
  guid: z.string(),
  delivered_at: z.coerce.date(),
  status: z.string(),
  status_code: z.number(),
  event: z.string(),
});
export type Delivery = z.infer<typeof Delivery>;

const Installation = z.object({
  id: z.number(),
  account: z.object({ login: z.string() }).nullish(),
  html_url: z.string(),
  suspended_at: z.string().nullish(),
  permissions: Permissions,
  events: z.array(z.string()),
});
export type Installation = z.infer<typeof Installation>;

const InstalledRepositories = z.object({
  total_count: z.number(),
  repositories: z.array(z.object({ name: z.string(), owner: z.object({ login: z.string() }) })),
});
export type InstalledRepositories = z.infer<typeof InstalledRepositories>;

const LookedAtRepository = z.object({
  html_url: z.string(),
  default_branch: z.string(),
  archived: z.boolean().default(false),
});
export type LookedAtRepository = z.infer<typeof LookedAtRepository>;

const FileContent = z.object({ content: z.string(), encoding: z.literal('base64') });
const Workflow = z.object({ state: z.string() });
const ActionsPermissions = z.object({ enabled: z.boolean() });
export type ActionsPermissions = z.infer<typeof ActionsPermissions>;
const Secrets = z.object({ secrets: z.array(z.object({ name: z.string() })) });
const Runners = z.object({
  runners: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      labels: z.array(z.object({ name: z.string() })),
    }),
  ),
});
export type Runner = z.infer<typeof Runners>['runners'][number];

/** A repository by the two parts of its full name. */
export interface NamedRepository {
  owner: string;
  repo: string;
}

type Asked = Pick<Octokit, 'request'>;

/**
 * Questions to GitHub that change nothing. Each is asked once, because who looks for faults wants to see them; it
 * answers with what GitHub said, and throws nothing.
 */
export interface GitHubInspection {
  /** `unsigned` when the key cannot sign the question: it is not a private key. */
  app(): Promise<Answer<GitHubApp> | { outcome: 'unsigned' }>;
  hookConfig(): Promise<Answer<HookConfig>>;
  /** The newest hundred, newest first. */
  deliveries(): Promise<Answer<Delivery[]>>;
  /** The first hundred. */
  installations(): Promise<Answer<Installation[]>>;
  installationOf(repository: NamedRepository): Promise<Answer<Installation>>;
  /** At most `most` repositories of an installation, with the number of all. */
  repositories(installationId: number, most: number): Promise<Answer<InstalledRepositories>>;
  repository(installationId: number, repository: NamedRepository): Promise<Answer<LookedAtRepository>>;
  /** The text of a file, on the default branch where no other one is named. */
  file(
    installationId: number,
    repository: NamedRepository,
    path: string,
    ref?: string,
  ): Promise<Answer<string>>;
  /** Whether a workflow of the default branch may run: `active`, `disabled_manually` and so on. */
  workflowState(
    installationId: number,
    repository: NamedRepository,
    file: string,
  ): Promise<Answer<{ state: string }>>;
  /** What takes rights that the app does not have; absent without a token of a person. */
  asPerson?: PersonInspection;
}

/** Own ones are those of the repository, shared ones those of its organisation, where they may be seen. */
export interface OwnAndShared<T> {
  own: Answer<T[]>;
  shared: Answer<T[]>;
}

export interface PersonInspection {
  /** Takes `administration: read`. */
  actionsPermissions(repository: NamedRepository): Promise<Answer<ActionsPermissions>>;
  /** Names of the secrets that a job of the repository has. Takes `secrets: read`. */
  secretNames(repository: NamedRepository): Promise<OwnAndShared<string>>;
  /** Takes `administration: read`, and `self-hosted runners: read` for those of the organisation. */
  runners(repository: NamedRepository): Promise<OwnAndShared<Runner>>;
}

export interface GitHubInspectionOptions {
  appId: number;
  privateKey: string;
  apiUrl: string;
  /** Token of whoever asks. */
  token?: string | undefined;
}

export function gitHubInspection({
  appId,
  privateKey,
  apiUrl,
  token,
}: GitHubInspectionOptions): GitHubInspection {
  const client = new App({ appId, privateKey, Octokit: Octokit.defaults(onceOptions(apiUrl)) });
  const app: Asked = client.octokit;
  const as = (installationId: number): Promise<Asked> => client.getInstallationOctokit(installationId);

  return {
    async app() {
      try {
        return await ask(GitHubApp, () => app.request('GET /app'));
      } catch {
        // The error may hold the key.
        return { outcome: 'unsigned' };
      }
    },
    hookConfig: () => ask(HookConfig, () => app.request('GET /app/hook/config')),
    deliveries: () =>
      ask(z.array(Delivery), () => app.request('GET /app/hook/deliveries', { per_page: 100 })),
    installations: () =>
      ask(z.array(Installation), () => app.request('GET /app/installations', { per_page: 100 })),
    installationOf: (repository) =>
      ask(Installation, () => app.request('GET /repos/{owner}/{repo}/installation', { ...repository })),
    repositories: (installationId, most) =>
      ask(InstalledRepositories, async () =>
        (await as(installationId)).request('GET /installation/repositories', { per_page: most }),
      ),
    repository: (installationId, repository) =>
      ask(LookedAtRepository, async () =>
        (await as(installationId)).request('GET /repos/{owner}/{repo}', { ...repository }),
      ),
    async file(installationId, repository, path, ref) {
      const file = await ask(FileContent, async () =>
        (await as(installationId)).request('GET /repos/{owner}/{repo}/contents/{path}', {
          ...repository,
          path,
          ...(ref === undefined ? {} : { ref }),
        }),
      );
      return mapped(file, ({ content }) => Buffer.from(content, 'base64').toString('utf8'));
    },
    workflowState: (installationId, repository, file) =>
      ask(Workflow, async () =>
        (await as(installationId)).request('GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}', {
          ...repository,
          workflow_id: file,
        }),
      ),
    ...(token ? { asPerson: personInspection(new Octokit({ ...onceOptions(apiUrl), auth: token })) } : {}),
  };
}

function personInspection(person: Asked): PersonInspection {
  const perPage = { per_page: 100 };
  return {
    actionsPermissions: (repository) =>
      ask(ActionsPermissions, () =>
        person.request('GET /repos/{owner}/{repo}/actions/permissions', { ...repository }),
      ),
    async secretNames(repository) {
      const names = ({ secrets }: z.infer<typeof Secrets>) => secrets.map(({ name }) => name);
      const [own, shared] = await Promise.all([
        ask(Secrets, () =>
          person.request('GET /repos/{owner}/{repo}/actions/secrets', { ...repository, ...perPage }),
        ),
        ask(Secrets, () =>
          person.request('GET /repos/{owner}/{repo}/actions/organization-secrets', {
            ...repository,
            ...perPage,
          }),
        ),
      ]);
      return { own: mapped(own, names), shared: mapped(shared, names) };
    },
    async runners(repository) {
      const [own, shared] = await Promise.all([
        ask(Runners, () =>
          person.request('GET /repos/{owner}/{repo}/actions/runners', { ...repository, ...perPage }),
        ),
        ask(Runners, () =>
          person.request('GET /orgs/{org}/actions/runners', { org: repository.owner, ...perPage }),
        ),
      ]);
      return { own: mapped(own, (found) => found.runners), shared: mapped(shared, (found) => found.runners) };
    },
  };
}
