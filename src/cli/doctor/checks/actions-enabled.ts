import type { Answer } from '../../../core/answer.ts';
import type { ActionsPermissions } from '../../../github/inspect.ts';
import type { Check } from '../check.ts';
import { namedOf } from '../patient.ts';
import { failed, ok, type Verdict } from '../verdict.ts';
import { notShown, withoutToken } from '../with-token.ts';
import { noWorkflow } from './workflow.ts';

export const actionsEnabled: Check = {
  id: 'actions-enabled',
  area: 'repository',
  title: 'Actions enabled',
  looksAt: 'GitHub Actions is enabled for the repository. Takes a token of your own.',
  mend: 'Enable it under Settings → Actions → General of the repository, or of the organisation.',
  needs: ['repository'],
  async inspect(patient, name) {
    const { dispatcher, github } = await patient.config();
    if (dispatcher.kind === 'local') return noWorkflow;
    const page = `${github.serverUrl}/${name}/settings/actions`;
    const { asPerson } = await patient.github();
    if (asPerson === undefined) return withoutToken(page);
    return judgeActions(await asPerson.actionsPermissions(namedOf(name)), page);
  },
};

function judgeActions(answer: Answer<ActionsPermissions>, page: string): Verdict {
  if (answer.outcome !== 'answered') return notShown(answer, 'administration: read', page);
  if (answer.value.enabled) return ok('They are.');
  return failed(
    'GitHub Actions is disabled for the repository: nothing can be dispatched.',
    `Enable it: ${page}`,
  );
}
