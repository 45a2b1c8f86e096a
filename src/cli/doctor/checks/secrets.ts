import type { OwnAndShared } from '../../../github/inspect.ts';
import type { Check } from '../check.ts';
import { namedOf } from '../patient.ts';
import { failed, ok, skipped, type Verdict, warning } from '../verdict.ts';
import { notShown, withoutToken } from '../with-token.ts';
import type { ParsedWorkflow } from '../workflow-file.ts';
import { noWorkflow, workflowOf } from './workflow.ts';

export const secrets: Check = {
  id: 'secrets',
  area: 'repository',
  title: 'Secrets',
  looksAt:
    'The repository or its organisation has each secret that the workflow names, such as `ANTHROPIC_API_KEY`. Names only: nobody can read values. Takes a token of your own.',
  mend: 'Add the secret under Settings → Secrets and variables → Actions, or with `gh secret set`.',
  needs: ['workflow'],
  async inspect(patient, name) {
    const { dispatcher, github } = await patient.config();
    if (dispatcher.kind === 'local') return noWorkflow;
    const workflow = await workflowOf(patient, name);
    const page = `${github.serverUrl}/${name}/settings/secrets/actions`;
    const { asPerson } = await patient.github();
    const wanted = wantedSecrets(workflow);
    if (wanted.length === 0) return skipped('The workflow names none.');
    if (asPerson === undefined) return withoutToken(page);
    return judgeSecrets({ name, page, wanted, workflow, found: await asPerson.secretNames(namedOf(name)) });
  },
};

/** A workflow that passes everything on names nothing: then it is the key that almost everybody needs. */
function wantedSecrets({ secrets: named, inheritsSecrets }: ParsedWorkflow): string[] {
  return named.length === 0 && inheritsSecrets ? ['ANTHROPIC_API_KEY'] : named;
}

export function judgeSecrets(facts: {
  name: string;
  page: string;
  wanted: string[];
  workflow: Pick<ParsedWorkflow, 'hasEnvironment'>;
  found: OwnAndShared<string>;
}): Verdict {
  const { name, page, wanted, workflow, found } = facts;
  if (found.own.outcome !== 'answered') return notShown(found.own, 'secrets: read', page);
  const there = [...found.own.value, ...(found.shared.outcome === 'answered' ? found.shared.value : [])];
  const missing = wanted.filter((one) => !there.includes(one));
  if (missing.length === 0) return ok(`${wanted.join(', ')}.`);
  const what = `The workflow uses ${missing.join(', ')}, and the repository has no such ${missing.length === 1 ? 'secret' : 'secrets'}`;
  const fix = `${missing.map((one) => `gh secret set ${one} --repo ${name}`).join('; ')} (or ${page})`;
  if (workflow.hasEnvironment) return warning(`${what}, unless its environment has.`, fix);
  if (found.shared.outcome !== 'answered')
    return warning(`${what} of its own; those of the organisation are not shown to this token.`, fix);
  return failed(`${what}, nor has its organisation for it.`, fix);
}
