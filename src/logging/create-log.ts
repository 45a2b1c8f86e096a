import { hostname } from 'node:os';
import { type Logger, pino } from 'pino';
import { logContext } from '../core/log-context.ts';
import { lineCleaner } from './clean-line.ts';
import { prettyLines } from './pretty-line.ts';

export type LogFormat = 'json' | 'pretty';

export interface LogOptions {
  level: string;
  format: LogFormat;
  /** What must never be written, in any spelling. */
  secrets: readonly string[];
  /** For `pretty`. */
  colours?: boolean;
  /** Takes each line, with its end; standard output where it is absent. */
  write?: (line: string) => void;
}

/**
 * The log of a program: one line of JSON for each entry (`level` as a word, then what happened, `timestamp`, and the ids
 * of the work it was written in), or a line for people. Secrets are taken out of the finished line, so that none is
 * forgotten.
 */
export function createLog({ level, format, secrets, colours = false, write }: LogOptions): Logger {
  const process_ = { pid: process.pid, hostname: hostname() };
  const output = write ? { write } : pino.destination({ dest: 1, sync: true });
  const pretty = format === 'pretty' ? prettyLines({ colours }) : undefined;
  return pino(
    {
      level,
      base: null,
      // Told below, behind what happened.
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => ({ timestamp: new Date().toISOString(), ...logContext(), ...process_ }),
      // What a line says of itself wins over what is known of the work around it, and stands first.
      mixinMergeStrategy: (entry: object, around: object) => ({ ...entry, ...around, ...entry }),
      hooks: { streamWrite: lineCleaner(secrets) },
    },
    pretty ? { write: (line: string) => output.write(pretty(line)) } : output,
  );
}
