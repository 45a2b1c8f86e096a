import { expect, it } from 'vitest';
import { costOfCommand } from '../../src/core/cost-of-command.ts';

it.each([
  ['what its report says', { reportedUsd: 0.5, toldUsd: 0.2, isEnded: true }, 0.5],
  ['a report of nothing spent', { reportedUsd: 0, toldUsd: 0.2, isEnded: true }, 0],
  ['what its run told last, while it goes on', { reportedUsd: undefined, toldUsd: 0.2, isEnded: false }, 0.2],
  ['unknown when it ended without a report', { reportedUsd: null, toldUsd: 0.2, isEnded: true }, null],
  ['unknown before it has told anything', { reportedUsd: null, toldUsd: undefined, isEnded: false }, null],
])('the cost of a command is %s', (_, known, cost) => {
  expect(costOfCommand(known)).toBe(cost);
});
