import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { GitHub } from '../../demo/github/start-github.ts';

/** Stands in for GitHub's issuer of the tokens by which a run identifies itself. */
export async function startIssuer(github: GitHub) {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const key = { ...(await exportJWK(publicKey)), kid: 'test', alg: 'RS256', use: 'sig' };
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [key] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`;

  return {
    url,
    /** The token of the run that was dispatched for a command, made for one app, with some claims changed. */
    async tokenFor(
      commandId: string,
      audience: string,
      change: Record<string, string> = {},
    ): Promise<string> {
      const run = github.workflowRuns().find(({ inputs }) => inputs['command-id'] === commandId);
      if (!run) throw new Error(`no run was dispatched for ${commandId}`);
      const { id, owner, ownerId, name } = github.repository;
      const workflow = `${owner}/${name}/.github/workflows/${run.workflow}@refs/heads/${run.ref}`;
      const claims = {
        repository: `${owner}/${name}`,
        repository_id: String(id),
        repository_owner_id: String(ownerId),
        ref: `refs/heads/${run.ref}`,
        run_id: String(run.id),
        run_attempt: '1',
        event_name: 'workflow_dispatch',
        workflow_ref: workflow,
        job_workflow_ref: workflow,
        ...change,
      };
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'test' })
        .setIssuer(url)
        .setAudience(audience)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type Issuer = Awaited<ReturnType<typeof startIssuer>>;
