import fc from 'fast-check';
import { expect, it } from 'vitest';
import { block, line, visible } from '../../../src/dashboard/parts/untrusted.ts';

it.each([
  ['plain text, 長頸鹿, größer, 👩‍🚀', 'plain text, 長頸鹿, größer, 👩‍🚀'],
  ['a\u202eb', 'a⟨U+202E⟩b'],
  ['\u2066x\u2069', '⟨U+2066⟩x⟨U+2069⟩'],
  ['\u001b[31mred\u0007', '⟨U+001B⟩[31mred⟨U+0007⟩'],
  ['a\u200bb\u00adc\ufeff', 'a⟨U+200B⟩b⟨U+00AD⟩c⟨U+FEFF⟩'],
  ['tag\u{e0041}', 'tag⟨U+E0041⟩'],
  ['half \ud800', 'half \ufffd'],
  ['two\r\nlines\tand a tab', 'two\nlines\tand a tab'],
])('names what cannot be seen in %j', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

it('leaves nothing that acts on the text around it, whatever comes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(visible(text)).not.toMatch(/(?![\n\t])[\p{Cc}\p{Bidi_Control}\u{e0000}-\u{e007f}]/u);
    }),
  );
});

it('escapes, in one line and in a block', () => {
  expect(String(line('<b>\n"x" & y'))).toBe('<bdi>&lt;b&gt; &quot;x&quot; &amp; y</bdi>');
  expect(String(block('</pre><b>'))).toBe('<pre dir="auto" tabindex="0">&lt;/pre&gt;&lt;b&gt;</pre>');
});

it('cuts a line to a length, not through a character', () => {
  expect(String(line(`${'a'.repeat(8)}👩x`, 10))).toBe(`<bdi>${'a'.repeat(8)}\ufffd…</bdi>`);
  expect(String(line('short', 10))).toBe('<bdi>short</bdi>');
});
