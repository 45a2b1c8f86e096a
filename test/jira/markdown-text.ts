import fc from 'fast-check';

const pieces = [
  ...[
    '@everyone',
    '@dexter stop',
    'me@x.example',
    '#1',
    'word',
    ' ',
    '\n',
    '\n\n',
    '    ',
    '\t',
    '\\',
    '&lt;',
  ],
  ...['# ', '> ', '- ', '1. ', '- [ ] ', '- [x] ', '***', '---', '`', '``', '```', '~~~', '**', '_', '~~'],
  ...[
    '| a | b |\n| - | - |\n',
    '|',
    '![x](https://evil.example/i.png)',
    '![',
    '](',
    ')',
    '[x][y]',
    '[y]: z\n',
  ],
  ...[
    '<b>',
    '</b>',
    '<!--',
    '-->',
    '<img src=x>',
    '<details>',
    '<script>',
    '&#64;',
    '[x]()',
    '[^1]',
    '[^1]: ',
  ],
  ...[
    'https://evil.example',
    'www.evil.example',
    '[x](javascript:alert(1))',
    '\u200b',
    '\u202e',
    '\u{e0041}',
  ],
  ...['\ud83d', '\0', '\r', '\u2028', '😀', 'é'],
];

/** Random Markdown, mostly of what could do harm. */
export const markdownText: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: 'binary' })))
  .map((parts) => parts.join(''));
