import { styleText } from 'node:util';

export type Speaker = 'JIRA' | 'GitHub' | 'Dexter' | 'Claude' | 'check';

const colours = {
  JIRA: 'blue',
  GitHub: 'magenta',
  Dexter: 'green',
  Claude: 'yellow',
  check: 'cyan',
} as const;

/** Tells the story as it happens, one line per event with the seconds since it began. */
export function createNarrator(stream: NodeJS.WriteStream) {
  const started = performance.now();
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
        `${paint('dim', `${seconds} s`)}  ${paint(colours[speaker], speaker.padEnd(6))}  ${printable(text)}`,
      );
    },
    dim: (text: string) => write(paint('dim', text)),
    seconds: () => (performance.now() - started) / 1000,
  };
}

export type Narrator = ReturnType<typeof createNarrator>;

function printable(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/\p{C}/gu, '').trim();
}
