import type { AdfNode } from './adf.ts';

/** Icons whose text says nothing to a reader; smileys stay as they were typed. */
const icons: Record<string, string> = {
  '(/)': '✅',
  '(x)': '❌',
  '(!)': '⚠️',
  '(?)': '❓',
  '(i)': 'ℹ️',
  '(y)': '👍',
  '(n)': '👎',
  '(+)': '➕',
  '(-)': '➖',
  '(on)': '💡',
  '(off)': '🌑',
  '(*)': '⭐',
};

/** Marks around words, each with the mark of ADF that it stands for. */
const markOf: Record<string, string> = {
  '*': 'strong',
  _: 'em',
  '-': 'strike',
  '+': 'underline',
  '^': 'subsup',
  '~': 'subsup',
  '??': 'em',
};

const before = String.raw`(?<![\p{L}\p{N}\\])`;
const after = String.raw`(?![\p{L}\p{N}])`;

/**
 * What stands in a line, by what it begins with. Lengths are bounded where an end is searched for, so that no text takes
 * long.
 */
const token = new RegExp(
  [
    String.raw`(?<literal>\u{f0000})`,
    String.raw`(?<break>\n|\\\\(?=\s|$))`,
    String.raw`\{\{(?<mono>[^\n]{1,1000}?)\}\}`,
    String.raw`\[~(?<user>[^\]\n]{1,200})\]`,
    String.raw`\[\^(?<file>[^\]\n]{1,300})\]`,
    String.raw`\[(?<link>[^\][\n]{1,2000})\]`,
    String.raw`!(?<picture>(?=\S)[^!|\n]{1,300})(?:\|[^!\n]{0,300})?!`,
    String.raw`(?<![\p{L}\p{N})])(?<icon>\((?:[/x!?iyn+*-]|on|off)\))(?![\p{L}\p{N}(])`,
    String.raw`${before}\*(?=\S)(?<strong>[^*\n]*[^*\s])\*${after}`,
    String.raw`${before}_(?=\S)(?<em>[^_\n]*[^_\s])_${after}`,
    String.raw`${before}(?<!-)-(?=[^\s-])(?<strike>[^\n-]*[^\s-])-(?!-)${after}`,
    String.raw`${before}\+(?=\S)(?<inserted>[^+\n]*[^+\s])\+${after}`,
    String.raw`\?\?(?=\S)(?<cited>[^?\n]*[^?\s])\?\?`,
    String.raw`\^(?=\S)(?<raised>[^^\s]{1,40})\^`,
    String.raw`~(?=\S)(?<lowered>[^~\s]{1,40})~`,
  ].join('|'),
  'gu',
);

const marks: Record<string, string> = {
  strong: '*',
  em: '_',
  strike: '-',
  inserted: '+',
  cited: '??',
  raised: '^',
  lowered: '~',
};

/** Marks in marks. */
const deepest = 6;

/**
 * A run of wiki markup as inline nodes. `literals` are the characters that stand for `U+F0000` in the text, in order;
 * they are taken from the list.
 */
export function wikiInline(text: string, literals: string[] = [], depth = 0): AdfNode[] {
  const nodes: AdfNode[] = [];
  let end = 0;
  for (const match of text.matchAll(token)) {
    nodes.push(...plain(text.slice(end, match.index)), ...nodesOf(match, literals, depth));
    end = match.index + match[0].length;
  }
  return [...nodes, ...plain(text.slice(end))];
}

function nodesOf(match: RegExpMatchArray, literals: string[], depth: number): AdfNode[] {
  const groups = match.groups ?? {};
  if (groups.literal !== undefined) return plain(literals.shift() ?? '');
  if (groups.break !== undefined) return [{ type: 'hardBreak' }];
  if (groups.mono !== undefined)
    return [{ type: 'text', text: spelled(groups.mono, literals), marks: [{ type: 'code' }] }];
  if (groups.user !== undefined) return [mention(spelled(groups.user, literals))];
  if (groups.file !== undefined)
    return [{ type: 'mediaInline', attrs: { alt: spelled(groups.file, literals) } }];
  if (groups.link !== undefined) return link(spelled(groups.link, literals));
  if (groups.picture !== undefined) return picture(spelled(match[0], literals), groups.picture);
  if (groups.icon !== undefined)
    return [{ type: 'emoji', attrs: { text: icons[groups.icon], shortName: groups.icon } }];
  const named = Object.entries(marks).find(([name]) => groups[name] !== undefined);
  const inner = named ? (groups[named[0]] ?? '') : '';
  if (!named || depth >= deepest) return plain(spelled(match[0], literals));
  const type = markOf[named[1]] ?? 'em';
  // Digits that are raised or lowered read as other numbers without a sign of it.
  if (type === 'subsup') return plain(`${named[1]}${spelled(inner, literals)}`);
  return wikiInline(inner, literals, depth + 1).map((node) =>
    node.type === 'text' ? { ...node, marks: [...(node.marks ?? []), { type }] } : node,
  );
}

function mention(user: string): AdfNode {
  const id = user.replace(/^accountid:/, '');
  return { type: 'mention', attrs: { id, text: `@${id}` } };
}

/** `[address]`, `[text|address]`, `[text|address|title]`; other words in brackets are words in brackets. */
function link(inside: string): AdfNode[] {
  const parts = inside.split('|').map((part) => part.trim());
  const [shown = '', second, title] = parts;
  const address = second ?? shown;
  const leads = /^(?:https?|ftp|file|mailto|git|ssh):.|^\/\/.|^\\\\.|^#.|^www\../i.test(address);
  if (leads && parts.length <= 3) {
    const linked: AdfNode =
      second === undefined || shown === ''
        ? { type: 'inlineCard', attrs: { url: address } }
        : { type: 'text', text: shown, marks: [{ type: 'link', attrs: { href: address } }] };
    return [linked, ...plain(title ? ` (${title})` : '')];
  }
  return plain(
    parts.length === 2 && shown !== '' && address !== '' ? `${shown} (${address})` : `[${inside}]`,
  );
}

/** Only what looks like a file or an address: "now! Or later!" is neither. */
function picture(typed: string, name: string): AdfNode[] {
  if (/^https?:\/\/\S+$/i.test(name))
    return [{ type: 'mediaInline', attrs: { type: 'external', url: name } }];
  if (/\.[A-Za-z0-9]{1,8}$/.test(name)) return [{ type: 'mediaInline', attrs: { alt: name } }];
  return plain(typed);
}

/** With the literal characters in their places. */
function spelled(text: string, literals: string[]): string {
  return text.replaceAll(/\u{f0000}/gu, () => literals.shift() ?? '');
}

function plain(text: string): AdfNode[] {
  return text === '' ? [] : [{ type: 'text', text }];
}
