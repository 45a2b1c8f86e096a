// node gather-process.ts: reads a ticket and makes the inputs of a job of it, again and again, in a process that does
// nothing else. Reads a job as JSON from stdin, prints { nodes, comments, cpuMs }: milliseconds of each round but the
// first.
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { contextInputs, keptContext } from '../../src/context/fit-context.ts';
import { maxInputCharacters } from '../../src/core/job.ts';
import { mostInputBytes } from '../../src/core/packed-text.ts';
import { jiraClient } from '../../src/jira/client.ts';

const Job = z.object({
  baseUrl: z.string(),
  email: z.string(),
  apiToken: z.string(),
  key: z.string(),
  rounds: z.number(),
});
const { baseUrl, email, apiToken, key, rounds } = Job.parse(JSON.parse(await text(process.stdin)));

const jira = jiraClient({ name: 'bench', url: baseUrl, email, token: apiToken }, 'dexter');
const cpuMs: number[] = [];
let comments = 0;
for (let round = 0; round <= rounds; round += 1) {
  const before = process.cpuUsage();
  const ticket = await jira.readTicket(key);
  const kept = keptContext({ ticket });
  contextInputs(kept, { characters: maxInputCharacters, bytes: mostInputBytes });
  const { user, system } = process.cpuUsage(before);
  if (round > 0) cpuMs.push((user + system) / 1_000);
  comments = ticket.comments.length;
}

const issue = `${baseUrl}/rest/api/3/issue/${key}?fields=description`;
const authorization = `Basic ${Buffer.from(`${email}:${apiToken}`).toString('base64')}`;
const { fields } = z
  .object({ fields: z.object({ description: z.unknown() }) })
  .parse(await (await fetch(issue, { headers: { authorization } })).json());
console.log(JSON.stringify({ nodes: nodesIn(fields.description), comments, cpuMs }));

function nodesIn(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 0;
  const { content } = node as { content?: unknown };
  return 1 + (Array.isArray(content) ? content.reduce((sum: number, one) => sum + nodesIn(one), 0) : 0);
}
