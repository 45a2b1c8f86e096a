import type { Environment } from '../config.ts';
import { AppError } from '../core/errors.ts';
import { readConfig } from '../read-config.ts';
import { plural } from '../report/figures.ts';

/** `dexter check`: 0 when the app would start, 1 after saying everything that keeps it from starting. */
export async function checkConfig(environment: Environment, print: (line: string) => void): Promise<number> {
  try {
    const config = await readConfig(environment);
    print(
      `The configuration is complete: app ${config.github.appId}, ${config.dispatcher.kind} dispatcher, ${plural(config.jira.length, 'JIRA connection')}.`,
    );
    if (config.dispatcher.kind === 'actions' && !environment.DEXTER_URL)
      print(
        `Warning: DEXTER_URL is not set: runners would look for the app at ${config.url}. Set the address under which they reach it.`,
      );
    return 0;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    print(`${error.message}\n\n${error.hint}`);
    return 1;
  }
}
