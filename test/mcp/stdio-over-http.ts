import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { startProcess } from './everything.ts';

/**
 * A server on standard input and output, reached by streamable HTTP: each session is a process of its own. For
 * testers that speak HTTP alone.
 */
export async function stdioOverHttp(directory: string, args: readonly string[]) {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const processes: { close(): Promise<void> }[] = [];

  async function open(): Promise<StreamableHTTPServerTransport> {
    const { transport: process } = startProcess(directory, args);
    processes.push(process);
    const http = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, http),
      enableDnsRebindingProtection: true,
      allowedHosts: [`127.0.0.1:${port}`, `localhost:${port}`],
      allowedOrigins: [`http://127.0.0.1:${port}`, `http://localhost:${port}`],
    });
    http.onmessage = (message: JSONRPCMessage) => void process.send(message);
    process.onmessage = (message: JSONRPCMessage) => void http.send(message).catch(() => undefined);
    await process.start();
    await http.start();
    return http;
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (known === undefined && (id !== undefined || request.method !== 'POST')) {
      response.writeHead(400).end();
      return;
    }
    await (known ?? (await open())).handleRequest(request, response);
  }

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await Promise.all(processes.map((process) => process.close()));
    },
  };
}
