import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { presetIds } from '../../../src/sessions/scrub/preset-rules.ts';
import { scrubRules } from '../../../src/sessions/scrub/scrub.ts';
import { createScrubber, scrubText } from '../../../src/sessions/scrub/scrub-text.ts';
import { createSuspects } from '../../../src/sessions/scrub/suspects.ts';
import { inContext, secretKinds } from './secret-kinds.ts';

const markKey = Buffer.from('key of the marks');
const byForm = createScrubber([], markKey);
const suspects = createSuspects(byForm);

describe('rules for the forms of secrets', () => {
  const surroundings: Record<string, (text: string) => string> = {
    alone: (text) => text,
    'in a sentence': (text) => `I use ${text} please.`,
    'on a line of its own': (text) => `first\n${text}\nlast`,
    'in quotes': (text) => `echo '${text}'`,
    'in JSON in a string': (text) => JSON.stringify({ output: `first\n${text}\nlast` }),
    coloured: (text) => `\u001b[31m${text}\u001b[0m`,
  };

  it.each(Object.entries(secretKinds))('find %s wherever it stands', (_name, kind) => {
    for (const [place, around] of Object.entries(surroundings)) {
      const text = around(inContext(kind));
      const scrubbed = scrubText(text, byForm);
      // In JSON the line ends of a key are escaped.
      for (const part of kind.secret.split('\n')) expect(scrubbed.text, place).not.toContain(part);
      expect(scrubbed.text, place).toMatch(/\[REDACTED:[a-z0-9-]+:[0-9a-f]{8}\]/);
      expect(scrubText(scrubbed.text, byForm), place).toEqual({ text: scrubbed.text, replaced: 0 });
    }
  });

  it.each(Object.entries(secretKinds))(
    'see in the bytes of a transcript that %s may be there',
    (_name, kind) => {
      for (const [place, around] of Object.entries(surroundings)) {
        const text = around(inContext(kind));
        const nested = JSON.stringify({ result: JSON.stringify({ text }) });
        for (const bytes of [text, JSON.stringify({ text }), nested].map((each) => Buffer.from(each))) {
          expect(suspects.mayHoldAny(bytes), `${place}: ${bytes}`).toBe(true);
        }
      }
    },
  );

  it('leave code, hashes, ids and examples alone', () => {
    const harmless = [
      'commit 2ad52e8c1f0a9b8e7d6c5b4a39281706f5e4d3c2',
      'e3b0c442-98fc-4c14-9afb-f4c8996fb924',
      '"integrity": "sha512-1dKqoPZpDDi0ZC3nxPGBBUEr4Ijbwq0j4yDkEEErOIqYmGKBSwmOWnGvn9xtXvMGQAgiwDhZkIBtmMvRXxLhxw=="',
      'git clone https://github.com/a/b.git && cd b@next',
      `git clone https://x:${'$'}{TOKEN}@github.com/a/b.git`,
      'postgres://user:password@localhost/db',
      'https://example.com:8443/path@v1',
      'const TOKEN = process.env.GITHUB_TOKEN_FOR_THE_1_RUN;',
      'CACHE_KEY=node-modules-linux-x64-2024-11-21',
      "const begin = '-----BEGIN PRIVATE KEY-----', end = '-----END PRIVATE KEY-----';",
      'the bearer of this unbelievablylongword, a basic understanding',
      'task-ant-colony, hf_model, sk-learn, SG.index, npm_config_registry',
      '[REDACTED:github-token:0123abcd]',
    ];
    for (const text of harmless) expect(scrubText(text, byForm)).toEqual({ text, replaced: 0 });
  });

  it('are not switched off by a comment in the text', () => {
    const text = `// secretlint-disable\n${inContext(secretKinds.Figma ?? { secret: '' })}`;
    expect(scrubText(text, byForm).replaced).toBe(1);
  });

  it('keep what stands around a secret', () => {
    const { secret } = secretKinds['database password'] ?? { secret: '' };
    expect(scrubText(`postgres://app:${secret}@db.example.com/main`, byForm).text).toMatch(
      /^postgres:\/\/app:\[REDACTED:url-password:[0-9a-f]{8}\]@db\.example\.com\/main$/,
    );
  });

  it('end a key that was cut off where its lines end', () => {
    const key = (secretKinds['RSA key']?.secret ?? '').split('\n').slice(0, -1).join('\n');
    expect(scrubText(`${key}\n\nThen I went on.`, byForm).text).toMatch(
      /^\[REDACTED:private-key:[0-9a-f]{8}\]\s+Then I went on\.$/,
    );
  });

  it('are those of the preset that the anchors were written for', () => {
    // When this fails, the preset has other rules: look at each new one, give it its anchor and a kind of
    // secret in secret-kinds.ts, and raise the number in `scrubRules`.
    const digest = createHash('sha256').update(presetIds.toSorted().join('\n')).digest('hex');
    expect([presetIds.length, digest]).toMatchInlineSnapshot(`
      [
        28,
        "43a3c08225f64389f8d10543df675340a6fb52263c86af8d018dbae02e0d5164",
      ]
    `);
  });

  it('are named with the version of the preset', async () => {
    const require = createRequire(import.meta.url);
    const path = require.resolve('@secretlint/secretlint-rule-preset-recommend/package.json');
    const { version } = JSON.parse(await readFile(path, 'utf8'));
    expect(scrubRules).toMatch(new RegExp(`^\\d+\\+secretlint-${version.replaceAll('.', '\\.')}$`));
  });
});

describe('values that a run knows', () => {
  const value = 'pässwort "of" 1\\2 the/run+xyz';
  const plain = 'correct-horse-battery-4711-staple';

  const encodings: Record<string, (text: string) => string> = {
    'as it is': (text) => text,
    'in JSON': (text) => JSON.stringify({ text }),
    'in JSON in JSON': (text) => JSON.stringify({ text: JSON.stringify({ text }) }),
    'in an address': (text) => encodeURIComponent(text),
    'in a form': (text) => String(new URLSearchParams({ text })),
    'in hex': (text) => Buffer.from(text).toString('hex'),
    'in base64': (text) => Buffer.from(text).toString('base64'),
    'in base64 after one byte': (text) => Buffer.from(`:${text}:`).toString('base64'),
    'in base64 after two bytes': (text) => Buffer.from(`u:${text}`).toString('base64'),
    'in base64url': (text) => Buffer.from(`user${text}`).toString('base64url'),
    'over two lines': (text) => `${text.slice(0, 9)}\n${text.slice(9)}`,
    'over numbered lines': (text) => `1\t${text.slice(0, 20)}\n     2\t${text.slice(20)}`,
    'in base64 of short lines': (text) =>
      Buffer.from(text)
        .toString('base64')
        .replaceAll(/.{20}/g, (line) => `${line}\n`),
  };

  it.each(Object.entries(encodings))('are found %s', (_name, encode) => {
    for (const secret of [plain, value]) {
      const scrubber = createScrubber([secret], markKey);
      const text = `x = ${encode(secret)} and more`;
      const scrubbed = scrubText(text, scrubber);
      expect(scrubbed.replaced).toBe(1);
      expect(scrubbed.text.replaceAll(/\[REDACTED:secret:[0-9a-f]{8}\]/g, '').length).toBeLessThanOrEqual(
        text.length - secret.length,
      );
      expect(scrubText(scrubbed.text, scrubber).replaced).toBe(0);
      const inTranscript = Buffer.from(`{"content":${JSON.stringify(text)}}`);
      expect(createSuspects(scrubber).mayHoldKnown(inTranscript)).toBe(true);
    }
  });

  it.each(Object.entries(secretKinds))('are found as %s in every encoding', (_name, { secret }) => {
    const scrubber = createScrubber([secret], markKey);
    const { lines } = createSuspects(scrubber);
    for (const [name, encode] of Object.entries(encodings)) {
      const text = `a ${encode(secret)} b`;
      expect(scrubText(text, scrubber).replaced, name).toBeGreaterThan(0);
      expect(lines(Buffer.from(`{"a":1}\n${JSON.stringify({ text })}\n`)), name).toEqual(new Set([8]));
    }
  });

  it('have the same mark in every encoding, and another one under another key', () => {
    const mark = (text: string, key = markKey) =>
      /\[REDACTED.*?\]/.exec(scrubText(text, createScrubber([plain], key)).text)?.[0];
    expect(mark(Buffer.from(plain).toString('hex'))).toBe(mark(plain));
    expect(mark(plain, Buffer.from('another'))).not.toBe(mark(plain));
  });

  it('are left alone when they are so short that words would be hit', () => {
    expect(scrubText('the runner runs', createScrubber(['run', 'runs'], markKey)).replaced).toBe(0);
  });

  it('leave nothing for a second scrub, whatever the text and the values are', () => {
    const parts = Object.values(secretKinds).map(inContext);
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.constantFrom(...parts, '[REDACTED:', '\n', '\\n', '"', ' ', ':', '@', '://'),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.string({ minLength: 6, maxLength: 20 }), { maxLength: 3 }),
        (pieces, secrets) => {
          const scrubber = createScrubber(secrets, markKey);
          const text = pieces.join('');
          const once = scrubText(text, scrubber);
          expect(scrubText(text, scrubber)).toEqual(once);
          expect(scrubText(once.text, scrubber)).toEqual({ text: once.text, replaced: 0 });
          // What is replaced must have been suspect, or it would never have been looked at.
          if (once.replaced === 0) return;
          const bytes = Buffer.from(JSON.stringify({ text }));
          expect(createSuspects(scrubber).mayHoldAny(bytes)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
