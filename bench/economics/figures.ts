import type { Goal, Result } from '../figure.ts';
import { coldDexter, dexter } from './dexter.ts';
import { cold, fullResume } from './plain-cli.ts';
import type { Strategy } from './strategy.ts';
import type { CellSummary } from './summary.ts';

/** What the benchmark is held to, from all cells. */
export function figuresOf(cells: readonly CellSummary[]): Result[] {
  const gaps = [...new Set(cells.map(({ gap }) => gap))];
  const most = (of: (cell: CellSummary) => number, among = cells) => Math.max(...among.map(of));
  const named = ({ name }: Strategy) => cells.filter(({ strategy }) => strategy === name);
  return [
    ...gaps.flatMap((gap) => ratiosAt(gap, cells)),
    count(
      'unfinished_files',
      most(({ unfinished }) => unfinished),
    ),
    // Cold reads again by its nature.
    count(
      'files_read_again',
      most(({ readAgain }) => readAgain, [...named(fullResume), ...named(dexter)]),
    ),
    ratio(
      'cli_cost_deviation',
      most(({ deviation }) => deviation, [...named(cold), ...named(fullResume)]),
      '<=0.01',
    ),
    ratio(
      'reported_cost_deviation',
      most(({ deviation }) => deviation, named(dexter)),
      '<=0.01',
    ),
  ];
}

function ratiosAt(gap: string, cells: readonly CellSummary[]): Result[] {
  const cellOf = ({ name }: Strategy): CellSummary => {
    const cell = cells.find(({ strategy, gap: at }) => strategy === name && at === gap);
    if (cell === undefined) throw new Error(`There is no cell for ${name} at ${gap}`);
    return cell;
  };
  const [ours, worst, resumed, samePrefix] = [dexter, cold, fullResume, coldDexter].map(cellOf);
  if (!ours || !worst || !resumed || !samePrefix) return [];
  const followUp = (other: CellSummary) => ours.followUp.usd / other.followUp.usd;
  const ticket = (other: CellSummary) => ours.ticketUsd / other.ticketUsd;
  return [
    ratio(`followup_ratio_${gap}`, followUp(worst), '<=0.25'),
    ratio(`followup_ratio_same_prefix_${gap}`, followUp(samePrefix), '<=0.3'),
    ratio(`followup_vs_full_resume_${gap}`, followUp(resumed), '<=1'),
    ratio(`ticket_ratio_${gap}`, ticket(worst), '<=0.5'),
    ratio(`ticket_vs_full_resume_${gap}`, ticket(resumed), '<=1'),
  ];
}

function ratio(figure: string, value: number, goal: Goal): Result {
  return { figure, value, unit: 'ratio', goal };
}

function count(figure: string, value: number): Result {
  return { figure, value, unit: 'files', goal: '<=0' };
}
