import { askerOf, whyNotLocal } from '../../metrics/access.ts';
import type { Access } from './access.ts';
import { notice } from './notice.ts';

/**
 * Everything for whoever sits at this machine, without signing in. A page of another site in the same browser cannot
 * read it: by the name of its own site, which it could let point at this machine, it is not answered.
 */
export function openAccess(appUrl: string): Access {
  return {
    async viewerOf(c) {
      const why = whyNotLocal(askerOf(c), appUrl);
      if (why === undefined) return { name: 'this machine', scope: 'all', isAdministrator: true };
      return notice(c, 403, {
        title: 'Only on its own machine',
        says: [
          `The dashboard is open (DEXTER_DASHBOARD=open) for this machine alone, and ${why}.`,
          'Set DEXTER_DASHBOARD=on, and people sign in with GitHub.',
        ],
      });
    },
  };
}
