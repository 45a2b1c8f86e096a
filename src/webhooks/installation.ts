import { z } from 'zod';
import type { RepositoryRef } from '../core/command.ts';
import type { Services } from '../jobs/services.ts';
import { askForOnboarding, askForOnboardingAgain } from '../ledger/onboardings.ts';
import { Id, parsePayload } from './payload.ts';

/** These events know a repository by its full name only. */
const Repositories = z.array(
  z.looseObject({ id: Id, full_name: z.string().regex(/^[^/]+\/[^/]+$/, 'a repository as `owner/name`') }),
);

const Payload = z.looseObject({
  installation: z.looseObject({ id: Id }),
  repositories: Repositories.optional(),
  repositories_added: Repositories.optional(),
});

/** What an event of an installation says of its repositories. */
export interface Installed {
  installationId: number;
  repositories: RepositoryRef[];
}

/** `installation.created`, `installation_repositories.added`: repositories that the app is installed on now. */
export function readInstalled(payload: unknown): Installed {
  const { installation, repositories = [], repositories_added = [] } = parsePayload(Payload, payload);
  return {
    installationId: installation.id,
    repositories: [...repositories, ...repositories_added].map(({ id, full_name }) => {
      const [owner = '', name = ''] = full_name.split('/');
      return { id, owner, name };
    }),
  };
}

/** Only notes which repositories are to be looked at: there may be thousands, and GitHub waits ten seconds. */
export async function receiveInstalled(services: Services, installed: Installed): Promise<void> {
  if (!services.onboarding) return;
  const { installationId, repositories } = installed;
  await askForOnboarding(services.db, installationId, repositories);
  services.log.info({ installationId, repositories: repositories.length }, 'installed: onboarding is due');
  services.wake();
}

/** `installation.new_permissions_accepted`: what could not be proposed before may be possible now. */
export async function receivePermissions(services: Services, { installationId }: Installed): Promise<void> {
  if (!services.onboarding) return;
  await askForOnboardingAgain(services.db, installationId);
  services.wake();
}
