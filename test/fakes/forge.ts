import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import type { AttachmentRef } from '../../src/core/context.ts';
import { type Progress, Report } from '../../src/core/report.ts';
import { ClaimRequest, ClaimResponse, HeartbeatRequest, ReportRequest } from '../../src/core/runner.ts';
import { newMasterKey, type SessionKeys, sessionKeys } from '../../src/core/session-key.ts';
import type { TicketSnapshotFile } from '../../src/core/ticket-snapshot.ts';
import { serveGit } from './git-backend.ts';

export const tokens = {
  /** By which the run identifies itself to the app. */
  dispatch: 'dispatch-token-0123456789',
  run: 'run-token-0123456789',
  github: `ghs_${'Ab1'.repeat(14)}`,
};

const PullRequestBody = z.object({ head: z.string(), base: z.string(), title: z.string(), body: z.string() });

/** The app and GitHub as the action sees them, and a log of all that it says to them. */
export interface Forge {
  url: string;
  claims: ClaimRequest[];
  heartbeats: Progress[];
  reports: Report[];
  pullRequests: (z.infer<typeof PullRequestBody> & { number: number; open: boolean })[];
  /** Answers for the next requests whose path ends like this, before the usual one; status 0 never answers. */
  faults: { path: RegExp; status: number; body?: unknown }[];
  stop: boolean;
  /** What sessions are sealed under; a test may put others in their place. */
  sessionKeys: SessionKeys;
  /** The ticket, for runs that ask for it. */
  snapshot?: TicketSnapshotFile;
  /** Attachments of the ticket, with their content. */
  attachments?: (AttachmentRef & { content: string })[];
  close(): Promise<void>;
}

/** Keys of one session; here every issue has the same ones. */
export function testKeys(): SessionKeys {
  const ref = { installationId: 1, repositoryId: 20, issueKey: 'DXTR-1' };
  return sessionKeys({ current: newMasterKey(), previous: [] }, ref);
}

export async function startForge(gitRoot: string): Promise<Forge> {
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => send(response, 500, { message: String(error) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  const forge: Forge = {
    url: `http://127.0.0.1:${address.port}`,
    claims: [],
    heartbeats: [],
    reports: [],
    pullRequests: [],
    faults: [],
    stop: false,
    sessionKeys: testKeys(),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return forge;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://loopback').pathname;
    const fault = forge.faults.find((each) => each.path.test(path));
    if (fault) {
      forge.faults.splice(forge.faults.indexOf(fault), 1);
      request.resume();
      if (fault.status === 0) return;
      return send(response, fault.status, fault.body ?? { message: 'fault' });
    }
    if (/\.git\//.test(path)) return gitRequest(request, response);
    const given = request.headers.authorization ?? '';
    const body: unknown = request.method === 'POST' ? await json(request) : undefined;
    if (path.endsWith('/claim')) {
      if (given !== `Bearer ${tokens.dispatch}`) return send(response, 401, refusal('unauthorized'));
      const asked = ClaimRequest.parse(body);
      forge.claims.push(asked);
      const committer = { name: 'dexter[bot]', email: 'dexter@example.com' };
      const claim = {
        fence: forge.claims.length,
        runToken: tokens.run,
        githubToken: tokens.github,
        sessionKeys: forge.sessionKeys,
        committer,
        ...(asked.wantsSnapshot ? { snapshot: forge.snapshot } : {}),
        context: { attachments: forge.attachments ?? [] },
      };
      return send(response, 200, ClaimResponse.parse(claim));
    }
    const attachment = forge.attachments?.find(({ id }) => path.endsWith(`/attachments/${id}`));
    if (attachment && given === `Bearer ${tokens.run}`) {
      response.end(attachment.content);
      return;
    }
    if (path.endsWith('/heartbeat') || path.endsWith('/report')) {
      if (given !== `Bearer ${tokens.run}`) return send(response, 401, refusal('unauthorized'));
      if (path.endsWith('/heartbeat')) {
        forge.heartbeats.push(HeartbeatRequest.parse(body).progress);
        return send(response, 200, { stop: forge.stop });
      }
      forge.reports.push(Report.parse(ReportRequest.parse(body).report));
      return send(response, 200, {});
    }
    if (!given.toLowerCase().endsWith(tokens.github.toLowerCase()))
      return send(response, 401, { message: 'Bad credentials' });
    if (path === '/repos/acme/shop/pulls') return pulls(request, response, body);
    send(response, 404, { message: 'Not Found' });
  }

  function gitRequest(request: IncomingMessage, response: ServerResponse): void {
    const expected = `basic ${Buffer.from(`x-access-token:${tokens.github}`).toString('base64')}`;
    if (request.headers.authorization?.replace(/^basic/i, 'basic') === expected) {
      serveGit(gitRoot, request, response);
      return;
    }
    request.resume();
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
  }

  function pulls(request: IncomingMessage, response: ServerResponse, body: unknown): void {
    const shown = (each: Forge['pullRequests'][number]) => ({
      number: each.number,
      html_url: `${forge.url}/acme/shop/pull/${each.number}`,
      head: { ref: each.head },
    });
    if (request.method === 'GET') {
      const head = new URL(request.url ?? '', 'http://loopback').searchParams.get('head');
      const open = forge.pullRequests.filter((each) => each.open && `acme:${each.head}` === head);
      send(response, 200, open.map(shown));
      return;
    }
    const opened = { ...PullRequestBody.parse(body), number: forge.pullRequests.length + 7, open: true };
    forge.pullRequests.push(opened);
    send(response, 201, shown(opened));
  }
}

function refusal(code: string) {
  return { code, message: `Refused: ${code}.`, hint: 'Look at the app.' };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
