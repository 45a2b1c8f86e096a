import { commandDocs, flagDocs } from '../commands/parse.ts';
import { type Ask, askedText, type ControlWord } from '../core/command.ts';
import { isWaiting } from '../core/status.ts';
import {
  endWait,
  getCommand,
  lastEnded,
  openCommands,
  repositoryOf,
  requestStop,
} from '../ledger/commands.ts';
import { costOfIssue } from '../ledger/costs.ts';
import { getRun } from '../ledger/runs.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { issueCostMarkdown } from '../report/issue-cost.ts';
import type { Services } from './services.ts';
import { settle } from './settle.ts';

/** Runs of an issue that are told one by one. */
const shownRuns = 30;

/** Answers a word that needs no runner, as Markdown. */
export async function answerControl(
  services: Services,
  row: CommandRow,
  word: Exclude<ControlWord, 'retry' | 'forget'>,
): Promise<string> {
  switch (word) {
    case 'help':
      return help(services.name);
    case 'status':
      return status(await otherCommands(services, row));
    case 'cost':
      return cost(services, row);
    case 'stop':
      return stop(services, row);
  }
}

/**
 * The other commands of the issue in this repository. A word whose comment came without its text waits in the
 * queue like an instruction: it is not counted itself.
 */
async function otherCommands(services: Services, row: CommandRow): Promise<CommandRow[]> {
  return (await openCommands(services.db, row.issue_key)).filter(
    ({ id, repository_id: repositoryId }) =>
      id !== row.id && (repositoryId === null || repositoryId === row.repository_id),
  );
}

function help(name: string): string {
  return [
    `Write \`@${name}\` at the start of a line of a comment, then what you want:`,
    '',
    '| comment | what it does |',
    '| --- | --- |',
    ...commandDocs.map(({ usage, does }) => `| \`@${name} ${usage}\` | ${does} |`),
    '',
    'Flags stand before the instruction or at the end of its first line:',
    '',
    '| flag | what it does |',
    '| --- | --- |',
    ...flagDocs.map(({ usage, does }) => `| \`${usage}\` | ${does} |`),
  ].join('\n');
}

function status(open: CommandRow[]): string {
  if (open.length === 0) return 'Nothing is running or waiting on this issue.';
  const lines = open.map((command) => `- ${stateOf(command)}: ${shortAsk(command.ask)}`);
  return [`On this issue, in the order in which they are done:`, '', ...lines].join('\n');
}

/** Of the repository that asks alone: another one with the same tickets may have other readers. */
async function cost({ db }: Services, row: CommandRow): Promise<string> {
  const repository = repositoryOf(row);
  if (!repository) throw new Error(`command ${row.id} has no repository`);
  const issue = { issueKey: row.issue_key, repositoryId: repository.id };
  return issueCostMarkdown(await costOfIssue(db, issue, shownRuns));
}

function stateOf({ status, resume_at: resumeAt }: CommandRow): string {
  return resumeAt === null ? status : 'waiting for JIRA';
}

function shortAsk(ask: Ask | null): string {
  if (!ask) return '(not read yet)';
  const line = askedText(ask).split('\n')[0] ?? '';
  return `\`${line.replaceAll('`', '').slice(0, 100)}\``;
}

async function stop(services: Services, row: CommandRow): Promise<string> {
  const open = await otherCommands(services, row);
  const running = open.filter(({ status }) => !isWaiting(status));
  const waiting = open.filter((command) => !running.includes(command));
  for (const { id } of waiting) {
    // One that was taken from the queue since is stopped as what runs is.
    if (!(await settle(services, id, { status: 'cancelled' }, ['received', 'queued'])))
      await stopRunning(services, id);
  }
  for (const { id } of running) await stopRunning(services, id);
  if (open.length === 0) return 'Nothing is running or waiting on this issue.';
  return [
    running.length > 0 ? whatStops(running) : 'Nothing was running.',
    ...(waiting.length > 0
      ? [`${waiting.length} waiting ${waiting.length === 1 ? 'command was' : 'commands were'} dropped.`]
      : []),
  ].join(' ');
}

/** A runner that has begun to remove a session goes on: half of one is of no use. */
function whatStops(running: CommandRow[]): string {
  const isRemoving = running.some(
    ({ ask, status }) => status === 'running' && ask?.kind === 'control' && ask.word === 'forget',
  );
  return isRemoving
    ? 'The session is being removed, which cannot be stopped.'
    : 'Stopping what is running; its session is kept.';
}

/**
 * A claimed run hears of it with its next heartbeat, one that is prepared before its dispatch, one that waits for JIRA
 * when it is begun again: now.
 */
async function stopRunning(services: Services, id: string): Promise<void> {
  await requestStop(services.db, id);
  await endWait(services.db, id);
  await stopWaiting(services, id);
}

/** Ends a job that waits for a runner, unless a runner has taken it meanwhile. */
export async function stopWaiting(services: Services, id: string): Promise<void> {
  if (!(await settle(services, id, { status: 'cancelled' }, ['dispatched']))) return;
  const command = await getCommand(services.db, id);
  const run = await getRun(services.db, id);
  const repository = command && repositoryOf(command);
  if (!command || !run || !repository || command.installation_id === null) return;
  const request = { installationId: command.installation_id, repository, job: run.job };
  try {
    await services.dispatcher.cancel(request, { id: run.run_id ?? '', url: run.run_url ?? '' });
  } catch (error) {
    // The run will be refused when it claims the command; only its place on the runner is wasted.
    services.log.warn({ commandId: id, err: error }, 'the waiting run could not be cancelled');
  }
}

/** What `retry` stands for: the newest instruction or `forget` of the issue when it did not succeed. */
export async function askToRetry(
  services: Services,
  issueKey: string,
  repositoryId: number,
): Promise<Ask | undefined> {
  const last = await lastEnded(services.db, issueKey, repositoryId);
  return last && last.status !== 'done' && last.ask ? last.ask : undefined;
}
