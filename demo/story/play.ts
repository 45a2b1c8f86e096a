import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { EngineName } from '../../src/core/engine.ts';
import { isEnd } from '../../src/core/status.ts';
import type { DemoApp, ListedCommand } from '../app.ts';
import type { GitHub } from '../github/start-github.ts';
import type { Jira } from '../jira/start-jira.ts';
import { machinePath } from '../machine-path.ts';
import { type CommandResult, commandResult, endLine } from './ended-command.ts';
import type { Narrator } from './narrator.ts';
import { instructions } from './solution.ts';
import { accounts, ticketKey } from './ticket.ts';

const run = promisify(execFile);

/** A command that is not told by then has hung. */
const longestCommandMs = 10 * 60 * 1000;

interface World {
  github: GitHub;
  jira: Jira;
  app: DemoApp;
  narrator: Narrator;
  engine: EngineName;
  /** Ends the story, which then rejects. */
  signal: AbortSignal;
}

export interface StoryResult {
  commands: CommandResult[];
  /** How many commands the story has. */
  wanted: number;
  pullRequest: { number: number; branch: string; commits: number } | null;
  jiraComments: number;
}

/** A ticket becomes a pull request, and a comment on the pull request continues the same session. */
export async function playStory(world: World): Promise<StoryResult> {
  const { narrator, jira, signal } = world;
  signal.throwIfAborted();
  narrator.begin();
  const plans = world.engine === 'claude-code' ? 0 : 1;
  if (plans > 0) await playPlan(world);
  narrator.heading(`${plans + 1}. A comment on the JIRA ticket`);
  narrator.say('JIRA', `Maria comments on ${ticketKey}: @dexter ${instructions.onTicket}`);
  await jira.comment(accounts.maria, ticketKey, `@dexter ${instructions.onTicket}`);
  const first = await follow(world, plans);

  const pullRequest = first.report?.pullRequest;
  if (pullRequest) {
    narrator.say('GitHub', `Pull request #${pullRequest.number} on ${pullRequest.branch}`);
    await runTests(world, pullRequest.branch);
    signal.throwIfAborted();
    narrator.heading(`${plans + 2}. A comment on the pull request`);
    const body = `@dexter ${instructions.onPullRequest}`;
    narrator.say('GitHub', `Maria comments on #${pullRequest.number}: ${body}`);
    await world.github.as('maria').rest.issues.createComment({
      ...placeOf(world.github),
      issue_number: pullRequest.number,
      body,
    });
    await follow(world, plans + 1);
    await runTests(world, pullRequest.branch);
  }
  return result(world, plans + 2);
}

/** How it would be done, before it is done. */
async function playPlan(world: World): Promise<void> {
  const { narrator, jira, signal } = world;
  narrator.heading('1. A plan for the JIRA ticket, which changes nothing');
  narrator.say('JIRA', `Maria comments on ${ticketKey}: @dexter ${instructions.plan}`);
  await jira.comment(accounts.maria, ticketKey, `@dexter ${instructions.plan}`);
  const { report } = await follow(world, 0);
  for (const line of (report?.summary ?? '').split('\n').filter((text) => text.trim() !== ''))
    narrator.say('Dexter', line);
  signal.throwIfAborted();
}

/** Tells what becomes of the command that came after `before` others, until its end was told to people. */
async function follow({ app, narrator, signal }: World, before: number): Promise<ListedCommand> {
  const until = Date.now() + longestCommandMs;
  let status = '';
  const told = new Set<string>();
  while (Date.now() < until) {
    const command = (await app.commands()).toReversed()[before];
    if (command && command.status !== status && !isEnd(command.status)) {
      status = command.status;
      narrator.say('Dexter', statusText[command.status] ?? command.status);
    }
    for (const line of newLines(command, told)) narrator.say('runner', firstSentence(line));
    if (command && isEnd(command.status) && (command.told || command.untold !== null)) {
      narrator.say('Dexter', endLine(command));
      return command;
    }
    await setTimeout(40, undefined, { signal });
  }
  throw new Error(
    `The command did not end within ${longestCommandMs / 60_000} minutes; the app's log is ${app.logPath}.`,
  );
}

/** What the run did since the last look; a line that is repeated is told once. */
function newLines(command: ListedCommand | undefined, told: Set<string>): string[] {
  const lines = [...(command?.progress?.lines ?? []), ...(command?.progress ? [command.progress.step] : [])];
  return lines.filter((line) => !told.has(line) && told.add(line));
}

/** What Claude says may be long; the pages show all of it. */
function firstSentence(line: string): string {
  return line.split(/(?<=[.!?:]) (?=[A-Z-])/)[0] ?? line;
}

const statusText: Record<string, string> = {
  queued: 'has it in the queue',
  preparing: 'reads the comment again, checks who asks, fetches the ticket',
  dispatched: 'has started a run',
  running: 'runs it: the checkout, the session, the engine',
};

/** Runs the repository's own tests on the branch, in a fresh clone: the code has to work. */
async function runTests({ github, narrator }: World, branch: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'dexter-demo-check-'));
  try {
    await run('git', ['clone', '--quiet', '--branch', branch, '--', github.gitDirectory, directory], {
      env: { PATH: machinePath, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    });
    const { stdout } = await run(process.execPath, ['--test'], {
      cwd: directory,
      env: { PATH: machinePath },
    });
    const passed = /^# pass (\d+)$|^ℹ pass (\d+)$/m.exec(stdout);
    narrator.say('check', `the tests on ${branch} pass: ${passed?.[1] ?? passed?.[2] ?? '?'}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function result({ github, jira, app }: World, wanted: number): Promise<StoryResult> {
  const listed = (await app.commands()).toReversed();
  const made = listed.flatMap(({ report }) => report?.pullRequest ?? [])[0];
  const commits = made
    ? await github.as('maria').rest.pulls.listCommits({ ...placeOf(github), pull_number: made.number })
    : undefined;
  return {
    wanted,
    commands: listed.map(commandResult),
    pullRequest: made
      ? { number: made.number, branch: made.branch, commits: commits?.data.length ?? 0 }
      : null,
    jiraComments: jira.comments(ticketKey).filter(({ author }) => author === accounts.dexter).length,
  };
}

function placeOf({ repository }: GitHub): { owner: string; repo: string } {
  return { owner: repository.owner, repo: repository.name };
}
