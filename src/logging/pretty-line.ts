import { type PinoPretty, prettyFactory } from 'pino-pretty';

type Line = Record<string, unknown>;
type Colours = Parameters<PinoPretty.MessageFormatFunc>[3]['colors'];

/** What stands in front of a line, or says nothing to somebody who sits before it. */
const notShown = ['level', 'timestamp', 'msg', 'err', 'pid', 'hostname', 'commandId', 'deliveryId', 'event'];

const longestValue = 300;

/** Lines of the log (JSON) for people: the time, how bad, whose command by the beginning of its id, what, and of what. */
export function prettyLines({ colours }: { colours: boolean }): (line: string) => string {
  // The whole line: the library hands on a part of it.
  let read: Line = {};
  const format = prettyFactory({
    colorize: colours,
    timestampKey: 'timestamp',
    translateTime: 'SYS:HH:MM:ss.l',
    hideObject: true,
    ignore: 'level',
    // Coloured below, word by word.
    customColors: 'message:reset',
    messageFormat: (_log, _key, _level, { colors }) => entry(read, colors),
  });
  return (line) => {
    try {
      read = JSON.parse(line) as Line;
    } catch {
      return `${inert(line.trimEnd())}\n`;
    }
    return format({ timestamp: read.timestamp, msg: '' }).replace(/^\[(\S+)\]: /, '$1 ');
  };
}

function entry(line: Line, colours: Colours): string {
  const what = inert(String(line.msg ?? line.event ?? ''));
  const words = [
    levelOf(line, colours),
    colours.cyan(shortId(line).padEnd(8)),
    isRecord(line.err) ? colours.red(what) : what,
    colours.dim(restOf(line)),
  ];
  const first = words.filter((word) => word !== '').join(' ');
  return isRecord(line.err) ? `${first}\n${problem(line.err, colours)}` : first;
}

function levelOf({ level }: Line, colours: Colours): string {
  const word = inert(String(level)).padEnd(5);
  if (level === 'error' || level === 'fatal') return colours.red(word);
  return level === 'warn' ? colours.yellow(word) : colours.dim(word);
}

function shortId({ commandId, deliveryId }: Line): string {
  if (typeof commandId === 'string') return inert(commandId.slice(0, 8));
  return typeof deliveryId === 'string' ? inert(`~${deliveryId.slice(0, 7)}`) : '';
}

/** `issueKey=SHOP-42 outcome=accepted`. */
function restOf(line: Line): string {
  return Object.entries(line)
    .filter(([key]) => !notShown.includes(key))
    .map(([key, value]) => `${inert(key)}=${shown(value)}`)
    .join(' ');
}

function shown(value: unknown): string {
  const isWord = typeof value === 'string' && /^[^\s"=]+$/.test(value);
  const text = isWord ? value : JSON.stringify(value);
  return inert(text.length > longestValue ? `${text.slice(0, longestValue)}…` : text);
}

/** What went wrong and where in Dexter; what else an error carries is for the JSON. */
function problem({ message, stack, hint }: Line, colours: Colours): string {
  const [first, ...rest] = (typeof stack === 'string' ? stack : String(message ?? '')).split('\n');
  const lines = [inert(first ?? ''), ...rest.filter(isOurs).map((line) => colours.dim(inert(line.trim())))];
  if (typeof hint === 'string' && hint !== '') lines.push(colours.yellow(inert(hint)));
  return lines.map((line) => `    ${line}`).join('\n');
}

function isOurs(line: string): boolean {
  return !/^\s*at .*(?:\bnode:|node_modules|<anonymous>)/.test(line);
}

/** Nothing that comes from elsewhere ends a line or moves the cursor. */
function inert(text: string): string {
  return text.replaceAll(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function isRecord(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
