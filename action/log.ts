/** What a run says to the log of the job. */
export interface RunLog {
  info(message: string): void;
  warn(message: string): void;
  /** Keeps a value out of the log from now on. */
  secret(value: string): void;
}

/**
 * A line for the log that the runner cannot take for a workflow command, which it looks for at the start of a
 * line (`::name::`) and, in an old form, anywhere in it (`##[name]`).
 */
export function logLine(text: string): string {
  return text
    .split('\n')
    .map((line) => `| ${line.replaceAll('##[', '# #[')}`)
    .join('\n');
}
