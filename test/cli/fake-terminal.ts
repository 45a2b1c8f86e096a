import type { Terminal } from '../../src/cli/terminal.ts';

/** A terminal that remembers what was said; `answer` is what a question is answered with, if anybody is there. */
export function fakeTerminal({
  env = {},
  answer,
  now = () => new Date(),
}: {
  env?: Terminal['env'];
  answer?: boolean;
  now?: () => Date;
} = {}) {
  const printed: string[] = [];
  const told: string[] = [];
  const questions: string[] = [];
  const terminal: Terminal = {
    env,
    now,
    print: (line) => printed.push(line),
    tell: (line) => told.push(line),
    ...(answer === undefined
      ? {}
      : {
          ask: async (question: string) => {
            questions.push(question);
            return answer;
          },
        }),
  };
  return { terminal, printed, told, questions };
}
