import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { CreateTaskResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { until } from '../fakes/processes.ts';
import type { Heard } from './everything.ts';

/**
 * Uses everything that the reference server has, and answers with all that came back: what changes from one session
 * to the next (times, ids) is made the same.
 */
export async function wholeSession(client: Client, heard: Heard): Promise<Record<string, unknown>> {
  const said: Record<string, unknown> = {
    server: client.getServerVersion(),
    capabilities: client.getServerCapabilities(),
    instructions: client.getInstructions(),
  };
  // The tools that depend on the client appear once it has been asked for its roots.
  await until(() => heard.asked.includes('roots'));
  const { tools } = await client.listTools();
  said.tools = tools;
  said.ping = await client.ping();
  const call = async (name: string, args: Record<string, unknown> = {}) => {
    said[`tool ${name} ${JSON.stringify(args)}`] = await outcome(client.callTool({ name, arguments: args }));
  };
  await call('echo', { message: 'hello, wörld \u2028 "quoted" 🙂' });
  await call('echo', {});
  await call('get-annotated-message', { messageType: 'error', includeImage: true });
  await call('get-resource-links', { count: 3 });
  await call('get-resource-reference', { resourceType: 'Text', resourceId: 1 });
  await call('get-structured-content', { location: 'New York' });
  await call('get-sum', { a: 2, b: 40 });
  await call('get-sum', { b: 40, a: 2 });
  await call('get-tiny-image');
  await call('get-roots-list');
  await call('trigger-elicitation-request');
  await call('trigger-url-elicitation', { url: 'https://example.com/consent' });
  await call('trigger-sampling-request', { prompt: 'Say hello', maxTokens: 7 });
  await call('gzip-file-as-resource', { name: 'a.gz', data: 'data:text/plain;base64,aGVsbG8=' });
  await call('no-such-tool', {});

  // Progress in order. The client forgets who listens when the result is in the same piece as the last step: it may not
  // be heard.
  const progress: unknown[] = [];
  said.long = await client.callTool(
    { name: 'trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } },
    undefined,
    { onprogress: (step) => progress.push(step) },
  );
  said.progress = progress.slice(0, 2);

  // Cancellation: the server says nothing more, and goes on working.
  const cancelled = new AbortController();
  const long = client.callTool(
    { name: 'trigger-long-running-operation', arguments: { duration: 30, steps: 2 } },
    undefined,
    { signal: cancelled.signal },
  );
  setTimeout(() => cancelled.abort('enough'), 50);
  said.cancelled = await outcome(long);
  said.afterCancel = await client.ping();

  // A task: a handle first, its result later.
  const task = await client.request(
    {
      method: 'tools/call',
      params: { name: 'simulate-research-query', arguments: { topic: 'caches' }, task: { ttl: 60_000 } },
    },
    CreateTaskResultSchema,
  );
  said.task = Object.keys(task.task).sort();
  const taskResult = await client.request(
    { method: 'tasks/result', params: { taskId: task.task.taskId } },
    z.looseObject({}),
  );
  said.taskResult = { ...taskResult, _meta: undefined };

  said.resources = await client.listResources();
  said.templates = await client.listResourceTemplates();
  said.text = await client.readResource({ uri: 'demo://resource/dynamic/text/1' });
  const { contents } = await client.readResource({ uri: 'demo://resource/dynamic/blob/2' });
  // Holds a time, so it is decoded.
  said.blob = contents.map((one) => ('blob' in one ? { ...one, blob: atob(one.blob) } : one));
  said.file = await client.readResource({ uri: 'demo://resource/static/document/features.md' });
  said.noResource = await outcome(client.readResource({ uri: 'demo://nowhere' }));
  said.subscribed = await client.subscribeResource({ uri: 'demo://resource/dynamic/text/1' });
  await call('toggle-subscriber-updates');
  await until(() => heard.updated.length > 0);
  said.updated = heard.updated[0];
  await call('toggle-subscriber-updates');
  said.unsubscribed = await client.unsubscribeResource({ uri: 'demo://resource/dynamic/text/1' });

  said.prompts = await client.listPrompts();
  said.simple = await client.getPrompt({ name: 'simple-prompt' });
  said.args = await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Paris' } });
  said.badPrompt = await outcome(client.getPrompt({ name: 'no-such-prompt' }));
  said.resourcePrompt = await client.getPrompt({
    name: 'resource-prompt',
    arguments: { resourceType: 'Text', resourceId: '1' },
  });
  said.completed = await client.complete({
    ref: { type: 'ref/prompt', name: 'completable-prompt' },
    argument: { name: 'department', value: 'E' },
  });

  said.level = await client.setLoggingLevel('debug');
  heard.logged.length = 0;
  await call('toggle-simulated-logging');
  await until(() => heard.logged.length > 0);
  said.hasLogged = z.looseObject({ level: z.string(), data: z.unknown() }).safeParse(heard.logged[0]).success;
  await call('toggle-simulated-logging');

  said.rootsChanged = await client.sendRootsListChanged();
  said.unknown = await outcome(client.request({ method: 'x/unknown', params: { a: 1 } }, z.looseObject({})));
  said.asked = heard.asked.filter((what) => what !== 'roots');
  return JSON.parse(
    JSON.stringify(said)
      .replaceAll(/\d{1,2}:\d{2}:\d{2}\s?[AP]M/g, '<time>')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>'),
  );
}

/** What came back, or how it failed. */
async function outcome(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof Error)) return { threw: String(error) };
    return { threw: error.message, ...('code' in error ? { code: error.code } : {}) };
  }
}
