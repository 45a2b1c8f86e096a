import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  type AppConfig,
  credentialNames,
  type Environment,
  missingCredentials,
  parseConfig,
} from './config.ts';
import { AppError, whyUnreadable } from './core/errors.ts';

/** The page that explains every setting. */
export const installPage = 'https://github.com/dexter-app/dexter/blob/main/docs/install.md';

/** Adds what `.env` in the working directory says to the environment; what is set already stays. */
export function loadEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}

/**
 * Reads what the configuration is made of: the environment and the files that it names.
 * @throws AppError `config-invalid` that names everything that is missing or wrong.
 */
export async function readConfig(environment: Environment): Promise<AppConfig> {
  const keyFile = environment.PRIVATE_KEY ? undefined : environment.PRIVATE_KEY_PATH;
  const privateKey = keyFile ? await readRequired(keyFile, 'PRIVATE_KEY_PATH') : environment.PRIVATE_KEY;
  const file = environment.DEXTER_CONFIG || 'dexter.yml';
  const isRead = Boolean(environment.DEXTER_CONFIG) || existsSync(file);
  const text = isRead ? await readRequired(file, 'DEXTER_CONFIG') : undefined;
  try {
    return parseConfig({ ...environment, PRIVATE_KEY: privateKey }, text);
  } catch (error) {
    const missing = missingCredentials(environment);
    if (missing.length === 0 || !(error instanceof AppError)) throw error;
    throw new AppError('config-invalid', {
      message: `Dexter does not start without ${list(missing)}.\n\n${error.message}`,
      hint: `${installPage} explains where each comes from. With none of ${list([...credentialNames])} set, \`npm start\` offers a page that makes the GitHub App.`,
      cause: error,
    });
  }
}

async function readRequired(path: string, variable: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new AppError('config-invalid', {
      message: `The file that ${variable} names, ${path}, cannot be read: ${whyUnreadable(error)}.`,
      hint: 'Check the path and that the user who runs Dexter may read it.',
      cause: error,
    });
  }
}

/** `a, b and c`. */
export function list(names: string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
