import { styleText } from 'node:util';

export type Speaker = 'JIRA' | 'GitHub' | 'Dexter' | 'runner' | 'check';

/** Longer texts are in the log and on the pages. */
const longestLine = 140;

const colours = {
  JIRA: 'blue',
  GitHub: 'magenta',
  Dexter: 'green',
  runner: 'yellow',
  check: 'cyan',
} as const;

/** Tells the story as it happens, one line per event with the seconds since it began. */
export function createNarrator(stream: NodeJS.WriteStream) {
  let started = performance.now();
  const paint = (format: Parameters<typeof styleText>[0], text: string) =>
    styleText(format, text, { stream });
  const write = (line = '') => void stream.write(`${line}\n`);

  return {
    heading: (text: string) => write(`\n${paint('bold', text)}`),
    plain: write,
    /** Text from outside is one line of printable characters: it must not move the cursor. */
    say(speaker: Speaker, text: string): void {
      const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(5);
      write(
        `${paint('dim', `${seconds} s`)}  ${paint(colours[speaker], speaker.padEnd(6))}  ${shortened(printable(text))}`,
      );
    },
    dim: (text: string) => write(paint('dim', text)),
    /** Times are counted from here. */
    begin(): void {
      started = performance.now();
    },
  };
}

export type Narrator = ReturnType<typeof createNarrator>;

function printable(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/\p{C}/gu, '').trim();
}

function shortened(text: string): string {
  return text.length > longestLine ? `${text.slice(0, longestLine - 1)}…` : text;
}
