import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { serverSentEvent } from '../../../demo/model/stream.ts';
import { anthropicApi } from '../../../src/engines/anthropic-api/anthropic-api.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const begun = {
  type: 'message_start',
  message: {
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-opus-5-5', content: [] },
    ...{ stop_reason: null, stop_sequence: null },
    usage: {
      ...{ input_tokens: 7, cache_read_input_tokens: 1_000, cache_creation_input_tokens: 5 },
      output_tokens: 1,
    },
  },
};

it('counts what an answer has read that a stop broke off', async () => {
  await using directory = await temporaryDirectory();
  const work = join(directory.path, 'work');
  await mkdir(work);
  const controller = new AbortController();
  // The provider says how the answer begins, and no more.
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(serverSentEvent(begun));
    const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } };
    // Nothing outside of the engine shows that it has taken this in.
    response.write(serverSentEvent(block), () => setTimeout(() => controller.abort(), 3_000));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const engine = anthropicApi({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      apiKey: 'run-key',
      env: { HOME: directory.path },
      temporaryDirectory: directory.path,
      projectFolder: 'work',
    });
    const task = {
      prompt: 'Go.',
      sessionId: randomUUID(),
      mode: 'fresh' as const,
      workingDirectory: work,
      configDirectory: join(directory.path, 'config'),
      allowedTools: [],
    };
    const result = await engine.run(task, () => undefined, controller.signal);
    expect(result).toMatchObject({
      stopReason: 'cancelled',
      usage: { inputTokens: 7, cacheReadTokens: 1_000, cacheWriteTokens: 5, outputTokens: 1 },
      requests: 0,
    });
    expect(result.costUsd).toBeGreaterThan(0);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
