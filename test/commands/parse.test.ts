import { describe, expect, it } from 'vitest';
import { parseCommand } from '../../src/commands/parse.ts';

const parse = (text: string) => parseCommand(text, 'dexter');

function instructionOf(text: string) {
  const result = parse(text);
  if (result.outcome !== 'command' || result.ask.kind !== 'instruction') return result;
  return { instruction: result.ask.instruction, ...result.ask.flags };
}

describe('parseCommand', () => {
  it.each([
    ['@dexter implement this', 'implement this'],
    ['@Dexter: implement this', 'implement this'],
    ['@dexter[bot] implement this', 'implement this'],
    [
      'Thanks!\n\n@dexter add tests\nfor the coupon\n\n- and the cart',
      'add tests\nfor the coupon\n\n- and the cart',
    ],
    ['@dexter\nimplement\r\nthis', 'implement\nthis'],
    ['> quoted\n@dexter do it', 'do it'],
    ['```\n@dexter no\n```\n@dexter yes', 'yes'],
    ['<!-- hidden -->\n@dexter yes', 'yes'],
    ['@dexter add a --verbose flag to the CLI', 'add a --verbose flag to the CLI'],
    ['@dexter keep   my  spaces', 'keep   my  spaces'],
    ['@dexter status of the cart is wrong', 'status of the cart is wrong'],
    ['@dexter fix\n```\n@dexter stop\n```', 'fix\n```\n@dexter stop\n```'],
  ])('reads %j as an instruction', (text, instruction) => {
    expect(instructionOf(text)).toEqual({ instruction });
  });

  it.each([
    ['no mention'],
    ['hello @dexter implement this'],
    ['@dexterous do it'],
    ['@dexter-bot do it'],
    ['> @dexter implement this'],
    ['```\n@dexter implement this\n```'],
    ['~~~ts\n@dexter implement this'],
    ['````\n```\n@dexter implement this\n````'],
    ['    @dexter indented code'],
    ['<!-- \n@dexter implement this\n-->'],
    ['<!-- never closed\n@dexter implement this'],
    ['`@dexter implement this`'],
    ['- @dexter implement this'],
    [''],
  ])('sees no command in %j', (text) => {
    expect(parse(text)).toEqual({ outcome: 'none' });
  });

  it.each([
    ['@dexter help', 'help'],
    ['@dexter', 'help'],
    ['@dexter Status?', 'status'],
    ['@dexter stop!', 'stop'],
    ['@dexter retry', 'retry'],
  ])('reads %j as the control word %s', (text, word) => {
    expect(parse(text)).toEqual({ outcome: 'command', ask: { kind: 'control', word } });
  });

  it.each([
    [
      '@dexter --model claude-opus-4-5 implement this',
      { instruction: 'implement this', model: 'claude-opus-4-5' },
    ],
    ['@dexter implement this --fresh', { instruction: 'implement this', fresh: true }],
    ['@dexter fresh implement this', { instruction: 'implement this', fresh: true }],
    [
      '@dexter --max-budget=$2.50 implement this --model sonnet\nand more',
      { instruction: 'implement this\nand more', maxBudget: 2.5, model: 'sonnet' },
    ],
    ['@dexter implement --fresh --max-budget 3', { instruction: 'implement', fresh: true, maxBudget: 3 }],
  ])('takes the flags of %j', (text, expected) => {
    expect(instructionOf(text)).toEqual(expected);
  });

  it.each([
    ['@dexter --modle opus implement this', 'unknown-flag', '--modle'],
    ['@dexter implement this --quick', 'unknown-flag', '--quick'],
    ['@dexter --model', 'invalid-flag', '--model'],
    ['@dexter --model --fresh go', 'invalid-flag', '--model'],
    ['@dexter --max-budget lots implement', 'invalid-flag', '--max-budget'],
    ['@dexter --max-budget 0 implement', 'invalid-flag', '--max-budget'],
    ['@dexter --max-budget -1 implement', 'invalid-flag', '--max-budget'],
    ['@dexter --fresh=yes implement', 'invalid-flag', '--fresh'],
    ['@dexter --fresh implement --fresh', 'invalid-flag', '--fresh'],
    ['@dexter --model $(reboot) implement', 'invalid-flag', '--model'],
  ])('refuses %j and names the known flags', (text, code, flag) => {
    const result = parse(text);
    expect(result).toMatchObject({ outcome: 'invalid', problem: { code } });
    if (result.outcome !== 'invalid') return;
    expect(result.problem.message).toContain(flag);
    expect(result.problem.hint).toContain('`--max-budget <dollars>`');
  });

  it('listens to the configured name only', () => {
    expect(parseCommand('@robo-7 go', 'robo-7')).toMatchObject({ outcome: 'command' });
    expect(parseCommand('@dexter go', 'robo-7')).toEqual({ outcome: 'none' });
  });
});
