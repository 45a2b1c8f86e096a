import { AppError } from '../../../core/errors.ts';
import type { Check } from '../check.ts';
import { count, failed, ok } from '../verdict.ts';

export const configuration: Check = {
  id: 'configuration',
  area: 'app',
  title: 'Configuration',
  looksAt:
    'The environment and `dexter.yml`, as the app reads them at its start: everything that is wrong at once.',
  mend: 'Set or correct what is named; the README lists every variable under "Configuration".',
  needs: [],
  async inspect({ config }) {
    try {
      const { github, dispatcher, jira } = await config();
      return ok(
        `App ${github.appId}, ${dispatcher.kind} dispatcher, ${count(jira.length, 'JIRA connection')}.`,
      );
    } catch (error) {
      if (error instanceof AppError) return failed(error.message, error.hint);
      throw error;
    }
  },
};
