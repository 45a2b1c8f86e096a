import { openIssue, type RunPlace } from './checkout-world.ts';

/** A run of an issue in a process of its own: `node run-issue.ts <JSON>` prepares the checkout and says how that went. */
const given: RunPlace & { issueKey: string } = JSON.parse(process.argv[2] ?? '{}');
await using run = await openIssue(given, given.issueKey);
console.log(JSON.stringify({ start: run.checkout.start, warnings: run.warnings }));
