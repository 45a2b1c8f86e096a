import { text } from 'node:stream/consumers';
import { openIssue, type RunPlace } from './checkout-world.ts';

/**
 * A run of an issue, for tests that need a process of its own: `node run-issue.ts <JSON>` prepares the
 * checkout, says how that went, and ends; with `stay`, when its input does.
 */
const given: RunPlace & { issueKey: string; stay?: boolean } = JSON.parse(process.argv[2] ?? '{}');
await using run = await openIssue(given, given.issueKey);
console.log(JSON.stringify({ start: run.checkout.start, warnings: run.warnings }));
if (given.stay) await text(process.stdin);
