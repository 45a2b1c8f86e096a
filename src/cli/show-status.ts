import type { CommandLine, StatusFacts } from '../core/facts.ts';
import { isWaiting } from '../core/status.ts';
import type { Facts } from '../ledger/facts.ts';
import { formatAge, formatCost, formatSaved, plural } from '../report/figures.ts';
import { nameOf } from '../report/issue-cost.ts';
import { colourOf, fewWords, stateOf } from './command-words.ts';
import { formatSince, plainJson } from './plain-text.ts';
import { printerFor } from './printer.ts';
import type { Look, Terminal } from './terminal.ts';

/** Characters by which one knows again what was asked. */
const leastLast = 10;

/** `dexter status`. */
export async function showStatus(
  facts: Facts,
  { json, ...look }: Look & { json: boolean },
  terminal: Terminal,
): Promise<number> {
  const status = await facts.status();
  if (json) {
    terminal.print(plainJson(status));
    return 0;
  }
  const page = printerFor(look, terminal);
  const now = new Date(status.at);
  page.heading(headline(status));
  page.text(spending(status));
  if (status.now.length > 0) {
    page.text('');
    page.table(
      ['NOW', 'ISSUE', 'REPOSITORY', 'WHO', 'FOR', 'WHAT'],
      status.now.map((command) => [
        stateOf(command),
        command.issueKey,
        command.repository ?? '–',
        nameOf(command.actor),
        formatAge(secondsBetween(command.startedAt ?? command.createdAt, now)),
        command.step ? `${fewWords(command)} · ${command.step}` : fewWords(command),
      ]),
      { foldAt: 5, leastLast, colourOf },
    );
    const left = countOf(status.open) - status.now.length;
    if (left > 0) page.text(`and ${plural(left, 'more command')}`);
  }
  if (status.ended.length > 0) {
    page.text('');
    page.table(
      ['ENDED', 'ISSUE', 'REPOSITORY', 'WHO', 'WHEN', 'COST', 'ID', 'WHAT'],
      status.ended.map((command) => [
        stateOf(command),
        command.issueKey,
        command.repository ?? '–',
        nameOf(command.actor),
        formatSince(new Date(command.endedAt ?? command.createdAt), now),
        command.costUsd === null ? '–' : formatCost(command.costUsd),
        command.id.slice(0, 8),
        fewWords(command),
      ]),
      { foldAt: 6, leastLast, colourOf },
    );
    page.text('');
    page.text('`dexter logs <id>` tells more of one.');
  }
  return 0;
}

/** `2 running · 1 waiting (the oldest for 3 min) · 5 done and 1 failed in 24 h`. */
function headline({ open, now, lastDay, at }: StatusFacts): string {
  const waiting = open.filter(({ status }) => isWaiting(status));
  const oldest = now.find(({ status }) => isWaiting(status));
  const since = oldest
    ? ` (the oldest for ${formatAge(secondsBetween(oldest.createdAt, new Date(at)))})`
    : '';
  const ended = lastDay.map(({ status, commands }) => `${commands} ${status}`);
  return [
    `${countOf(open) - countOf(waiting)} running`,
    `${countOf(waiting)} waiting${since}`,
    `${ended.length === 0 ? 'nothing ended' : ended.join(', ')} in 24 h`,
  ].join(' · ');
}

function spending({ today, month }: StatusFacts): string {
  const of = (words: string, { runs, costUsd, estimatedCostSaved: saved }: StatusFacts['today']) =>
    `${formatCost(costUsd)} ${words} (${plural(runs, 'run')}${saved === 0 ? '' : `, ${formatSaved(saved)} saved`})`;
  return `${of('today', today)} · ${of('this month', month)}`;
}

function countOf(groups: readonly { commands: number }[]): number {
  return groups.reduce((sum, { commands }) => sum + commands, 0);
}

function secondsBetween(from: CommandLine['createdAt'], to: Date): number {
  return Math.max(0, (to.getTime() - Date.parse(from)) / 1000);
}
