import type { Environment } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { readConfig } from '../read-config.ts';

/** `dexter check`: 0 when the app would start, 1 after saying everything that keeps it from starting. */
export async function checkConfig(environment: Environment, print: (line: string) => void): Promise<number> {
  try {
    const config = await readConfig(environment);
    print(
      `The configuration is complete: app ${config.github.appId}, ${config.dispatcher.kind} dispatcher, ${config.jira.length} JIRA connection(s).`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    print(`${error.message}\n\n${error.hint}`);
    return 1;
  }
}
