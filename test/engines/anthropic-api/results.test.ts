import { APIConnectionError, APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';
import { describe, expect, it } from 'vitest';
import { bounded, boundedContent } from '../../../src/engines/anthropic-api/bounded-result.ts';
import { type EndedRun, endingOf } from '../../../src/engines/anthropic-api/ending.ts';
import { expandVariables } from '../../../src/engines/anthropic-api/mcp-config.ts';

const text = (said: string) => ({ type: 'text' as const, text: said });

describe('a result of a tool', () => {
  it('is never empty, as the provider refuses that', () => {
    for (const empty of ['', [], [text('')]]) expect(boundedContent(empty)).toBe('(no output)');
  });

  it('is cut where it is too long, all blocks together', () => {
    expect(boundedContent('x'.repeat(100_000))).toBe('x'.repeat(100_000));
    expect(boundedContent('x'.repeat(100_001))).toContain('(1 more characters were left out');
    const blocks = boundedContent([text('x'.repeat(99_999)), text('yz'), text('more')]);
    expect(blocks).toEqual([
      text('x'.repeat(99_999)),
      text('y\n\n(1 more characters were left out: ask for less at once.)'),
    ]);
  });

  it('is well-formed', () => {
    expect(boundedContent('half a \ud83d')).toBe('half a \ufffd');
    // The cut goes through the middle of a character.
    expect(String(boundedContent(`${'x'.repeat(99_999)}\u{1f600}`)).isWellFormed()).toBe(true);
  });

  it('has no image that the provider would refuse', () => {
    const image = (data: string) => ({
      type: 'image' as const,
      source: { type: 'base64' as const, media_type: 'image/png' as const, data },
    });
    expect(boundedContent([image('AAAA')])).toEqual([image('AAAA')]);
    expect(boundedContent([image('A'.repeat(5_242_884))])).toEqual([
      text('(An image that is too large to show was left out.)'),
    ]);
  });

  it('is bounded where the tool fails as well', async () => {
    const tool = bounded({
      name: 'fails',
      input_schema: { type: 'object' },
      parse: (input) => input,
      run: () => Promise.reject(new ToolError('x'.repeat(200_000))),
    });
    await expect(tool.run({})).rejects.toThrow('(100000 more characters were left out');
  });
});

describe('the ending of a run', () => {
  const run: EndedRun = {
    mode: 'resume',
    answers: 0,
    hasWords: true,
    sessionId: 's',
    secrets: ['the-secret'],
  };
  const refused = (status: number, message: string) =>
    APIError.generate(status, { type: 'error', error: { type: 'x', message } }, undefined, new Headers());

  it.each([
    [401, 'invalid x-api-key', 'logged-out'],
    [403, 'not allowed', 'logged-out'],
    [413, 'Request exceeds the maximum size', 'session-lost'],
    [400, 'prompt is too long: 250000 tokens', 'session-lost'],
    [400, 'messages.3: tool_use ids were found without tool_result', 'session-lost'],
    [400, 'Your credit balance is too low', 'failed'],
    [529, 'Overloaded', 'failed'],
  ])('is by what the provider answers: %i %s is %s', (status, message, stopReason) => {
    expect(endingOf({ kind: 'failed', error: refused(status, message) }, run)).toEqual({
      stopReason,
      detail: `The model's API answered ${status}: ${message}`,
    });
  });

  it('loses no session that has answered, or that is new', () => {
    const outcome = { kind: 'failed', error: refused(400, 'messages.3: bad') } as const;
    expect(endingOf(outcome, { ...run, answers: 1 }).stopReason).toBe('failed');
    expect(endingOf(outcome, { ...run, mode: 'fresh' }).stopReason).toBe('failed');
  });

  it('says why the provider could not be reached, without secrets', () => {
    const cause = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED the-secret') });
    expect(endingOf({ kind: 'failed', error: new APIConnectionError({ cause }) }, run)).toEqual({
      stopReason: 'failed',
      detail: "The model's API could not be reached: connect ECONNREFUSED [REDACTED:secret]",
    });
  });

  it('is short, whatever was thrown', () => {
    const { detail } = endingOf({ kind: 'failed', error: new Error('x'.repeat(5_000)) }, run);
    expect(detail).toHaveLength(1_000);
    expect(endingOf({ kind: 'failed', error: new APIUserAbortError() }, run).detail).toContain('given up');
  });

  it.each([
    ['end_turn', 'completed', undefined],
    ['stop_sequence', 'completed', undefined],
    ['model_context_window_exceeded', 'failed', expect.stringContaining('longer than the model can read')],
    ['something_new', 'failed', expect.stringContaining('something_new')],
    [null, 'failed', expect.any(String)],
  ])('is by why the answer ended: %s is %s', (reason, stopReason, detail) => {
    expect(endingOf({ kind: 'answered', reason }, run)).toEqual({
      stopReason,
      ...(detail === undefined ? {} : { detail }),
    });
  });
});

describe('variables in a configuration of MCP servers', () => {
  it.each([
    ['§{TOKEN}', 'known'],
    ['a§{TOKEN}b§{TOKEN}', 'aknownbknown'],
    ['§{OTHER:-instead}', 'instead'],
    ['§{OTHER:-}', ''],
    ['§{TOKEN:-instead}', 'known'],
    ['§{OTHER}', '§{OTHER}'],
    ['§TOKEN', '§TOKEN'],
    ['§{constructor}', '§{constructor}'],
  ])('%s is %j', (written, expanded) => {
    const dollars = (text: string) => text.replaceAll('§', '$');
    expect(expandVariables(dollars(written), { TOKEN: 'known' })).toBe(dollars(expanded));
  });
});
