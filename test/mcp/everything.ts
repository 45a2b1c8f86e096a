import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

/** The program of the reference server that has one of everything. */
export const everythingProgram = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);

export const dexterProgram = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export interface Started {
  transport: Transport;
  /** What it has written on standard error so far. */
  said: () => string;
}

/** A process that speaks MCP, in a directory and with an environment of its own. */
export function startProcess(
  directory: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  command = process.execPath,
): Started & { transport: StdioClientTransport } {
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    cwd: directory,
    env: { PATH: process.env.PATH ?? '', HOME: directory, LANG: 'C.UTF-8', ...env },
    stderr: 'pipe',
  });
  let said = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  return { transport, said: () => said };
}

/** What the proxy logged, as far as whole lines of it have come. */
export function operationsIn(said: string): { type: string; key: string }[] {
  return said
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.includes('"event":"cache_operation"'))
    .map((line) => JSON.parse(line));
}

/** How many calls were answered from the cache. The log comes by another pipe than the answers: wait for it. */
export const hitsIn = (said: string) => operationsIn(said).filter(({ type }) => type === 'hit').length;

export interface Heard {
  logged: unknown[];
  updated: string[];
  asked: string[];
}

/** A client that can do whatever a server may ask of it, and writes down what it hears. */
export async function connectClient(transport: Transport): Promise<{ client: Client; heard: Heard }> {
  const heard: Heard = { logged: [], updated: [], asked: [] };
  const client = new Client(
    { name: 'test-client', version: '1.0.0' },
    { capabilities: { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } } },
  );
  client.setRequestHandler(CreateMessageRequestSchema, (request) => {
    heard.asked.push('sampling');
    return {
      model: 'test-model',
      role: 'assistant' as const,
      content: { type: 'text' as const, text: `Sampled for ${request.params.maxTokens} tokens` },
      stopReason: 'endTurn',
    };
  });
  client.setRequestHandler(ElicitRequestSchema, () => {
    heard.asked.push('elicitation');
    return { action: 'accept' as const, content: { name: 'Ada', color: 'blue' } };
  });
  client.setRequestHandler(ListRootsRequestSchema, () => {
    heard.asked.push('roots');
    return { roots: [{ uri: 'file:///work', name: 'work' }] };
  });
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    heard.logged.push(params);
  });
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
    heard.updated.push(params.uri);
  });
  await client.connect(transport);
  return { client, heard };
}
