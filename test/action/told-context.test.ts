import { expect, it } from 'vitest';
import { ticketTold, toldContext } from '../../action/told-context.ts';
import { packText } from '../../src/core/packed-text.ts';

const plenty = { characters: 60_000, bytes: 120_000 };
const delta = {
  from: 'a'.repeat(64),
  markdown: '- Status: To Do → Done',
  isRewritten: false,
  isWhole: true,
};
const job = { context: '# Ticket', delta: packText(JSON.stringify(delta), plenty) };
const nothing = { attachments: [] };
const ticketOf = (hash: string) => ({ ticket: { hash, newestComment: '' } });

it.each([
  ['a new conversation', undefined, { kind: 'all', markdown: '# Ticket', isWhole: true }],
  [
    'the conversation that heard the rest',
    ticketOf(delta.from),
    { kind: 'news', markdown: delta.markdown, isWhole: true },
  ],
  [
    'an older generation of it',
    ticketOf('b'.repeat(64)),
    { kind: 'all', markdown: '# Ticket', isWhole: true },
  ],
  [
    'one that does not say what it heard',
    { ticket: null },
    { kind: 'all', markdown: '# Ticket', isWhole: true },
  ],
])('tells %s what it needs', (_name, restored, told) => {
  expect(toldContext(job, nothing, restored)).toEqual(told);
});

it('says that the conversation knows another ticket', () => {
  const rewritten = { context: '', delta: JSON.stringify({ ...delta, isRewritten: true }) };
  expect(toldContext(rewritten, nothing, ticketOf(delta.from))).toMatchObject({ isRewritten: true });
  expect(toldContext(rewritten, nothing, ticketOf('b'.repeat(64))).isRewritten).toBeUndefined();
});

it('takes from the claim what the inputs leave to it', () => {
  const claimed = { text: '# Long ticket', delta, attachments: [] };
  const inputs = { context: 'claim:', delta: 'claim:' };
  expect(toldContext(inputs, claimed, undefined)).toEqual({
    kind: 'all',
    markdown: '# Long ticket',
    isWhole: true,
  });
  expect(toldContext(inputs, { ...claimed, full: '# Longer ticket' }, undefined).isWhole).toBe(false);
  expect(toldContext(inputs, claimed, ticketOf(delta.from))).toMatchObject({ kind: 'news' });
});

it('is not told what the inputs say once the claim has newer things to say', () => {
  const claimed = { text: '# Newer', attachments: [], seen: ticketOf('c'.repeat(64)) };
  expect(toldContext(job, claimed, ticketOf(delta.from))).toEqual({
    kind: 'all',
    markdown: '# Newer',
    isWhole: true,
  });
  const news = { ...delta, markdown: '- Status: To Do → Blocked' };
  expect(toldContext(job, { ...claimed, delta: news }, ticketOf(delta.from))).toEqual({
    kind: 'news',
    markdown: news.markdown,
    isWhole: true,
  });
});

it('reads a context that was compressed', () => {
  const text = '漢字 '.repeat(40_000);
  const context = packText(text, plenty);
  expect(toldContext({ context }, nothing, undefined).markdown).toBe(text.trim());
});

it.each([
  [{ context: 'zstd+base64:AAAA' }, 'context'],
  [{ context: '', delta: '{"from":1}' }, 'delta'],
  [{ context: '', delta: 'no JSON' }, 'delta'],
])('refuses %j, and names the input', (inputs, name) => {
  expect(() => toldContext(inputs, nothing, undefined)).toThrow(
    expect.objectContaining({ code: 'input-invalid', message: expect.stringContaining(`\`${name}\``) }),
  );
});

it('keeps with a conversation that begins what it was told alone', () => {
  const ticket = { hash: 'a', newestComment: '' };
  const ticketAlone = { hash: 'b', newestComment: '' };
  const work = (seen: object | undefined, session: object) =>
    ({ claim: { context: { seen } }, inputs: { job: { session } } }) as Parameters<typeof ticketTold>[0];
  expect(ticketTold(work(undefined, { ticket, ticketAlone }), 'resume')).toBe(ticket);
  expect(ticketTold(work(undefined, { ticket, ticketAlone }), 'fresh')).toBe(ticketAlone);
  expect(ticketTold(work(undefined, { ticket }), 'fresh')).toBe(ticket);
  expect(ticketTold(work({ ticket: ticketAlone }, { ticket }), 'resume')).toBe(ticketAlone);
  expect(ticketTold(work(undefined, {}), 'fresh')).toBeNull();
});
