import fc from 'fast-check';
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
    ['@dexter forget?', 'forget?'],
    ['@dexter forget what I said', 'forget what I said'],
    ['@dexter forget\nwhat I said', 'forget\nwhat I said'],
    ['@dexter forgets', 'forgets'],
    ['@dexter fix\n```\n@dexter stop\n```', 'fix\n```\n@dexter stop\n```'],
    ['```code``` on one line\n@dexter yes', 'yes'],
    ['~~~ `a`\nno\n~~~\n@dexter yes', 'yes'],
    ['- ```\n  code\n  ```\n@dexter yes', 'yes'],
    ['1. a\n2. ```ts\n   code\n   ```\n\n@dexter yes', 'yes'],
    ['<!-- a --> b <!-- c -->\n@dexter yes', 'yes'],
    ['@dexter, yes', 'yes'],
    ['   @dexter yes', 'yes'],
    ['@dexter\tyes', 'yes'],
    ['@dexter\u00a0yes', 'yes'],
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
    ['- ```\n  @dexter implement this\n  ```'],
    ['* 1) ~~~\n  @dexter implement this'],
    ['```\n    ```\n@dexter implement this\n```'],
    ['```\n\u00a0```\n@dexter implement this\n```'],
    ['```\n``` not the end\n@dexter implement this\n```'],
    ['```\n~~~\n@dexter implement this\n```'],
    ['> ```\n> @dexter implement this\n> ```'],
    ['<!-- a --> <!--\n@dexter implement this'],
    ['<!--\n```\n-->\n```\n@dexter implement this'],
    ['\t@dexter indented code'],
    ['\\@dexter escaped'],
    ['\u200b@dexter after an invisible character'],
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
    ['@dexter forget', 'forget'],
    ['@dexter: Forget!\n\n', 'forget'],
  ])('reads %j as the control word %s', (text, word) => {
    expect(parse(text)).toEqual({ outcome: 'command', ask: { kind: 'control', word } });
  });

  it.each([
    [
      '@dexter --model claude-opus-4-5 implement this',
      { instruction: 'implement this', model: 'claude-opus-4-5' },
    ],
    ['@dexter implement this --fresh', { instruction: 'implement this', fresh: true }],
    ['@dexter --engine anthropic-api why?', { instruction: 'why?', engine: 'anthropic-api' }],
    ['@dexter fresh implement this', { instruction: 'implement this', fresh: true }],
    ['@dexter fresh forget', { instruction: 'forget', fresh: true }],
    ['@dexter forget --model sonnet', { instruction: 'forget', model: 'sonnet' }],
    [
      '@dexter --max-budget=$2.50 implement this --model sonnet\nand more',
      { instruction: 'implement this\nand more', maxBudget: 2.5, model: 'sonnet' },
    ],
    // Which is refused as every other budget of 0 is.
    ['@dexter --max-budget 0 implement', { instruction: 'implement', maxBudget: 0 }],
    ['@dexter implement --fresh --max-budget 3', { instruction: 'implement', fresh: true, maxBudget: 3 }],
  ])('takes the flags of %j', (text, expected) => {
    expect(instructionOf(text)).toEqual(expected);
  });

  it.each([
    ['@dexter plan the coupons', { instruction: 'the coupons' }],
    ['@dexter plan: the coupons\nand the cart', { instruction: 'the coupons\nand the cart' }],
    ['@dexter Plan', { instruction: '' }],
    ['@dexter plan?', { instruction: '' }],
    ['@dexter plan status', { instruction: 'status' }],
    ['@dexter plan plan B', { instruction: 'plan B' }],
    ['@dexter plan how to forget', { instruction: 'how to forget' }],
    ['@dexter fresh plan the coupons', { instruction: 'the coupons', fresh: true }],
    ['@dexter plan fresh the coupons', { instruction: 'the coupons', fresh: true }],
    ['@dexter fresh plan', { instruction: '', fresh: true }],
    ['@dexter plan fresh', { instruction: '', fresh: true }],
    ['@dexter plan refreshing the page', { instruction: 'refreshing the page' }],
    ['@dexter plan fresh-water tanks', { instruction: 'fresh-water tanks' }],
    ['@dexter --engine claude-code plan it', { instruction: 'it', engine: 'claude-code' }],
    [
      '@dexter plan it --engine=anthropic-api --model opus --fresh',
      { instruction: 'it', engine: 'anthropic-api', model: 'opus', fresh: true },
    ],
    ['@dexter plan --max-budget 1 how it is done', { instruction: 'how it is done', maxBudget: 1 }],
    [
      '@dexter plan fresh --engine anthropic-api how it is done --model opus',
      { instruction: 'how it is done', engine: 'anthropic-api', model: 'opus', fresh: true },
    ],
    ['@dexter fresh --max-budget 1 plan', { instruction: '', maxBudget: 1, fresh: true }],
    ['@dexter plan how a --verbose flag is added', { instruction: 'how a --verbose flag is added' }],
    ['@dexter --max-budget 1 plan', { instruction: '', maxBudget: 1 }],
  ])('reads %j as a plan', (text, { instruction, ...flags }) => {
    expect(parse(text)).toEqual({ outcome: 'command', ask: { kind: 'plan', instruction, flags } });
  });

  it.each([
    ['planning is done, go on'],
    ['plan.md has the details'],
    ['plan-b instead'],
    ['plans for the cart'],
    ["plan's title is wrong"],
    ['planned work first'],
    ['make a plan'],
  ])('reads %j as an instruction of its own', (instruction) => {
    expect(instructionOf(`@dexter ${instruction}`)).toEqual({ instruction });
  });

  it.each([
    ['@dexter --modle opus implement this', 'unknown-flag', '--modle'],
    ['@dexter implement this --quick', 'unknown-flag', '--quick'],
    ['@dexter --model', 'invalid-flag', '--model'],
    ['@dexter --engine gpt do it', 'invalid-flag', '`--engine` must be `claude-code` or `anthropic-api`'],
    ['@dexter --engine', 'invalid-flag', '--engine'],
    ['@dexter --model --fresh go', 'invalid-flag', '--model'],
    ['@dexter --max-budget lots implement', 'invalid-flag', '--max-budget'],
    ['@dexter --max-budget 1000001 implement', 'invalid-flag', '--max-budget'],
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

  it('ends at once for a long run of marks', () => {
    const text = `${'!'.repeat(200_000)}x`;
    expect(instructionOf(`@dexter ${text}`)).toEqual({ instruction: text });
  });

  const hostile = fc.array(
    fc.oneof(
      fc.constantFrom(
        '@dexter',
        '\n',
        ' ',
        '```',
        '~~~',
        '> ',
        '--',
        '--model',
        '=',
        '$',
        '<!--',
        '-->',
        '.',
        '\r',
      ),
      fc.constantFrom(
        '--fresh',
        '--max-budget',
        'fresh',
        'stop',
        '@',
        '[bot]',
        ':',
        '- ',
        '`',
        '\t',
        '__proto__',
      ),
      fc.string({ unit: 'binary' }),
    ),
  );

  it('never throws, and never answers with an empty instruction', () => {
    fc.assert(
      fc.property(hostile, (parts) => {
        const result = parse(parts.join(''));
        if (result.outcome !== 'command' || result.ask.kind !== 'instruction') return;
        expect(result.ask.instruction.trim()).toBe(result.ask.instruction);
        expect(result.ask.instruction).not.toBe('');
      }),
      { numRuns: 1000 },
    );
  });

  it('sees no command in a text whose lines are all quoted or fenced', () => {
    const line = fc.oneof(
      fc.constantFrom('@dexter stop', '  @dexter go', '@dexter', '```', '~~~', '<!-- x -->', ''),
      fc.string().map((text) => text.replaceAll(/[\r\n]|<!--|-->/g, '')),
    );
    const quoted = fc
      .tuple(fc.constantFrom('> ', '>', '>> ', ' > ', '   >'), line)
      .map((parts) => parts.join(''));
    const fenced = fc
      .tuple(fc.constantFrom('```', '~~~', '````'), fc.constantFrom('', 'ts'), fc.array(line))
      .map(([fence, language, lines]) => {
        const inside = lines.filter((one) => !one.trim().startsWith(fence.slice(0, 3)));
        return [`${fence}${language}`, ...inside, fence].join('\n');
      });
    fc.assert(
      fc.property(fc.array(fc.oneof(quoted, fenced)), fc.constantFrom('\n', '\r\n'), (blocks, end) => {
        expect(parse(blocks.join('\n').replaceAll('\n', end))).toEqual({ outcome: 'none' });
      }),
      { numRuns: 500 },
    );
  });

  it('hands over what follows the mention as it was written', () => {
    const word = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !/--|\r/.test(text) && !/^fresh\b/i.test(text.trim()));
    const instruction = fc
      .array(word, { minLength: 1 })
      .map((words) => words.join(' ').trim())
      .filter((text) => /[^.!?\s]/.test(text))
      .filter((text) => !/^([:,]|\[bot\]|(help|status|stop|retry)[.!?]*$)/i.test(text));
    fc.assert(
      fc.property(instruction, (text) => {
        expect(instructionOf(`@dexter ${text}`)).toEqual({ instruction: text });
        expect(instructionOf(`Hello\n@DEXTER: ${text}\n`)).toEqual({ instruction: text });
      }),
      { numRuns: 500 },
    );
  });
});
