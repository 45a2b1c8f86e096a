import { IssueKey } from '../../src/core/issue-key.ts';
import type { DispatchRequest } from '../../src/dispatch/dispatcher.ts';

/** A job that is ready to be dispatched, of a made-up repository. */
export function dispatchRequest(appUrl: string): DispatchRequest {
  return {
    installationId: 11,
    repository: { id: 22, owner: 'acme', name: 'shop' },
    job: {
      commandId: '0d5d5a4e-6b0e-4d4b-9d0e-6a3f6c3f3b11',
      issueKey: IssueKey.parse('DX-1'),
      instruction: 'add tests',
      context: '# DX-1',
      session: { installationId: 11, repositoryId: 22, mode: 'fresh', generation: 0, engine: 'claude-code' },
      target: { branch: 'dexter/DX-1', base: '', title: 'Coupons', ticketUrl: 'u', requestedBy: 'Maria' },
      appUrl,
    },
  };
}
