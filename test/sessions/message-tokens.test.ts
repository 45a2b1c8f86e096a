import { expect, it } from 'vitest';
import { messageTokens } from '../../src/sessions/message-tokens.ts';

const said = (content: unknown) => ({ type: 'user', message: { role: 'user', content } });

it('counts four characters of what was said as a token, and nothing of what is no message', () => {
  const text = [{ type: 'text', text: 'x'.repeat(4_000) }];
  expect(messageTokens([said(text), { type: 'mode', mode: 'x'.repeat(9_000) }])).toBe(
    Math.ceil(JSON.stringify(text).length / 4),
  );
  expect(messageTokens([])).toBe(0);
});

it('counts an image by what it shows, not by the length of its file', () => {
  const image = {
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(1_200_000) },
  };
  const result = [{ type: 'tool_result', tool_use_id: 'a', content: [image, image] }];
  expect(messageTokens([said(result)])).toBeGreaterThan(3_200);
  expect(messageTokens([said(result)])).toBeLessThan(3_300);
});
