import { readFile } from 'node:fs/promises';
import { AppError } from '../core/errors.ts';
import { type OnboardingTemplate, onboardingTemplate } from './template.ts';

/** The package's own examples, which lie at the same place beside `src` and beside `dist`. */
const examples = new URL('../../examples/', import.meta.url);

/**
 * The files of onboarding, from the examples that the package brings along.
 * @throws AppError `internal` when they are not there.
 */
export async function readTemplate(options: {
  workflowFile: string;
  action?: string | undefined;
}): Promise<OnboardingTemplate> {
  const [workflow, config] = await Promise.all([read('dexter.yml'), read('repository-config.yml')]);
  return onboardingTemplate({ ...options, workflow, config });
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(new URL(file, examples), 'utf8');
  } catch (error) {
    throw new AppError('internal', {
      message: `The file examples/${file} of Dexter itself cannot be read.`,
      hint: 'Install Dexter anew: the folder `examples` belongs beside `src` or `dist`.',
      cause: error,
    });
  }
}
