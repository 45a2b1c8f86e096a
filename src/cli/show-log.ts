import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AppError, hasCode } from '../core/errors.ts';
import type { CommandFacts, TimelineStep } from '../core/facts.ts';
import { isEnd } from '../core/status.ts';
import type { Facts } from '../ledger/facts.ts';
import { formatCost, formatSaved, formatSession, formatUsage } from '../report/figures.ts';
import { nameOf } from '../report/issue-cost.ts';
import { colourOf, fewWords, stateOf } from './command-words.ts';
import { dataDirectoryOf } from './open-store-of.ts';
import { plain, plainJson } from './plain-text.ts';
import { type Printer, printerFor } from './printer.ts';
import type { Look, Terminal } from './terminal.ts';

interface Shown extends Look {
  json: boolean;
  /** Whether to go on until the command has ended. */
  follow: boolean;
  /** Lines of the log of a run on this machine. */
  tail: number;
}

/** A run tells of itself every few seconds. */
const lookEveryMs = 2_000;

/** `dexter logs`: exit code 1 when the command has ended without success. */
export async function showLog(
  facts: Facts,
  meant: string,
  { json, follow, tail, ...look }: Shown,
  terminal: Terminal,
  wait: () => Promise<void> = () => setTimeout(lookEveryMs),
): Promise<number> {
  let found = await oneMeant(facts, meant);
  const { id } = found.command;
  const page = printerFor(look, terminal);
  const teller = tellerOf(page);
  if (!json) {
    tellHead(page, found);
    teller(found);
  }
  while (follow && !isOver(found)) {
    await wait();
    found = await oneMeant(facts, id);
    if (!json) teller(found);
  }
  if (json) terminal.print(plainJson(found));
  else {
    tellEnd(page, found);
    tellRunLog(page, await runLogOf(terminal, id, tail));
  }
  const { status } = found.command;
  return isEnd(status) && status !== 'done' ? 1 : 0;
}

async function oneMeant(facts: Facts, meant: string): Promise<CommandFacts> {
  const found = await facts.commandsMeant(meant);
  const [first, ...others] = found;
  if (!first) {
    throw new AppError('input-invalid', {
      message: `There is no command ${plain(meant)}.`,
      hint: 'Give its id or the beginning of it (six characters at least), or the key of its issue. `dexter status` names the newest ones.',
    });
  }
  if (others.length === 0) return first;
  throw new AppError('input-invalid', {
    message: `Several commands begin with ${plain(meant)}: ${found.map(({ command }) => command.id).join(', ')}.`,
    hint: 'Give more of the id.',
  });
}

/** The end is told to people after it was noted. */
function isOver({ command, timeline }: CommandFacts): boolean {
  return isEnd(command.status) && timeline.some(({ what }) => what === 'told' || what === 'untold');
}

function tellHead(page: Printer, { command, runUrl }: CommandFacts): void {
  const place = command.repository ? ` in ${command.repository}` : '';
  page.heading(`${command.issueKey}${place} · ${stateOf(command)}`);
  page.text(`${nameOf(command.actor)}: ${fewWords(command)}`);
  page.text(`Command  ${command.id}`);
  if (runUrl) page.text(`Run      ${runUrl}`);
  page.text('');
}

const words: Record<Exclude<TimelineStep['what'], 'progress'>, string> = {
  received: 'received',
  seen: 'shown to be seen, it waits for its turn',
  begun: 'begun',
  planned: 'its run was planned',
  dispatched: 'its run was dispatched',
  claimed: 'a runner took it',
  ended: 'ended',
  told: 'the end was told',
  untold: 'the end could not be told to whoever asked',
};

/** Tells what has not been told yet. */
function tellerOf(page: Printer): (facts: CommandFacts) => void {
  const toldSteps = new Set<string>();
  let toldLines: readonly string[] = [];
  return ({ timeline, progress }) => {
    for (const { at, what } of timeline) {
      if (what === 'progress') {
        const lines = progress?.lines ?? [];
        for (const line of newLines(toldLines, lines)) page.text(`${clock(at)}    ${line}`);
        toldLines = lines;
      } else if (!toldSteps.has(what)) {
        toldSteps.add(what);
        page.text(`${clock(at)}  ${words[what]}`);
      }
    }
  };
}

/** Of the newest lines, those that come after what was told: the list is cut at its beginning as it grows. */
export function newLines(told: readonly string[], lines: readonly string[]): readonly string[] {
  for (let start = 0; start <= told.length; start++) {
    const kept = told.slice(start);
    if (kept.length <= lines.length && kept.every((line, index) => line === lines[index]))
      return lines.slice(kept.length);
  }
  return lines;
}

/** Time of day in UTC, after the date. */
function clock(at: string): string {
  return at.slice(0, 19).replace('T', ' ');
}

function tellEnd(page: Printer, { command, report, answer, untold }: CommandFacts): void {
  if (!isEnd(command.status)) return;
  page.text('');
  page.coloured(endLine(command, report), colourOf(stateOf(command)) ?? 'yellow');
  if (command.problem) {
    page.text(command.problem.message);
    if (command.problem.hint) page.text(command.problem.hint);
  }
  if (untold !== null) page.text(`It could not be told to whoever asked: ${untold}`);
  if (report) {
    page.text(`Session: ${formatSession(report.session)}`);
    page.text(`Tokens: ${formatUsage(report.usage)}`);
    if (report.pullRequest) page.text(`Pull request: ${report.pullRequest.url}`);
    for (const { sha, title } of report.commits) page.text(`Commit ${sha.slice(0, 7)} ${title}`);
    for (const notice of report.notices) page.text(`Note: ${notice}`);
  }
  const said = report?.summary || answer;
  if (said) {
    page.text('');
    page.text(said);
  }
}

function endLine(command: CommandFacts['command'], report: CommandFacts['report']): string {
  const saved = report?.saving?.estimatedCostSaved;
  return [
    stateOf(command),
    ...(command.costUsd === null ? [] : [formatCost(command.costUsd)]),
    ...(saved === undefined || saved === null ? [] : [`${formatSaved(saved)} saved`]),
  ].join(' · ');
}

/** What a run on this machine wrote, its last lines; undefined for a run elsewhere. */
async function runLogOf({ env }: Terminal, id: string, tail: number): Promise<string[] | undefined> {
  if (tail === 0) return undefined;
  const file = join(dataDirectoryOf(env), 'runs', id, 'log.txt');
  try {
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    return [`The log of its run, ${file}:`, ...lines.slice(-tail)];
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function tellRunLog(page: Printer, lines: string[] | undefined): void {
  if (!lines) return;
  page.text('');
  for (const line of lines) page.text(line);
}
