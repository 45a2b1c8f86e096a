import { z } from 'zod';
import { bulletList, code, document, fromText, heading, paragraph } from '../../demo/jira/adf.ts';
import { startJira } from '../../demo/jira/start-jira.ts';
import { accounts, story } from '../../demo/story/ticket.ts';
import { runProgram } from '../child.ts';
import type { ContextGround } from '../context.ts';
import type { Result } from '../figure.ts';
import { median } from '../rounds.ts';

const Used = z.object({ nodes: z.number(), comments: z.number(), cpuMs: z.array(z.number()) });

const comments = 500;
/** Each is six nodes: a paragraph of four, a list item's paragraph and text. */
const sections = 2_000 / 10;

/**
 * Time of the processor that it takes to read a ticket of 500 comments and of a description of 2,000 nodes over HTTP,
 * and to make of it what the workflow's inputs take; in a process of its own, without JIRA's part.
 */
export async function* measureGathering({
  directory,
  leftovers,
  log,
  rounds,
}: ContextGround): AsyncGenerator<Result> {
  const key = 'SHOP-500';
  const jira = await startJira({
    ...story,
    issues: [
      {
        key,
        summary: 'A long one',
        reporter: accounts.maria,
        description: document(
          ...Array.from({ length: sections }, (_, index) => [
            heading(2, `Part ${index}`),
            paragraph('Each ', code(`part${index}()`), ' has a rule of its own, and exceptions.'),
            bulletList('One of them is this.'),
          ]).flat(),
        ),
        comments: Array.from({ length: comments }, (_, index) => ({
          author: index % 2 === 0 ? accounts.maria : accounts.rob,
          body: fromText(`Comment ${index}: ${'what was found out about it, in some words. '.repeat(5)}`),
        })),
      },
    ],
  });
  leftovers.defer(() => jira.close());
  log(`gathering: ${rounds} rounds after one that does not count`);
  const used = Used.parse(
    await runProgram(
      'context/gather-process',
      { ...jira.connection, key, rounds },
      { cwd: directory, leftovers },
    ),
  );
  log(`  ${used.nodes} nodes, ${used.comments} comments: ${used.cpuMs.map(Math.round).join(', ')} ms`);
  yield { figure: 'gathering_cpu', value: median(used.cpuMs), unit: 'ms', goal: '<150' };
}
