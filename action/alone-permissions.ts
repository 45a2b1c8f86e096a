import { AppError } from '../src/core/errors.ts';
import { say } from '../src/github/github.ts';

/** What a job has to be permitted, as the workflow writes it. */
export type AlonePermissions = readonly `${string}: ${'read' | 'write'}`[];

/**
 * Runs requests to GitHub with the token of the job. When they fail, the error says what the job has to be permitted;
 * `what` completes "GitHub failed while …".
 */
export async function sayAlone<T>(
  what: string,
  needed: AlonePermissions,
  request: () => Promise<T>,
): Promise<T> {
  try {
    return await say(what, request);
  } catch (error) {
    if (!(error instanceof AppError) || !['github-failed', 'ticket-unreadable'].includes(error.code))
      throw error;
    const permissions = needed.map((permission) => `\`${permission}\``).join(' and ');
    throw new AppError(error.code, {
      message: error.message,
      hint: `Look whether the job has the \`permissions\` ${permissions}, and whether \`number\` is right. Where both are, run it again.`,
      cause: error,
    });
  }
}
