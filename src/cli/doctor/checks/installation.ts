import type { Answer } from '../../../core/answer.ts';
import type { Installation } from '../../../github/inspect.ts';
import type { Check } from '../check.ts';
import { failed, ok, type Verdict, warning } from '../verdict.ts';

export const installation: Check = {
  id: 'installation',
  area: 'app',
  title: 'Installation',
  looksAt: 'The App is installed somewhere, and not suspended there.',
  mend: 'Install the App on the organisation, for the repositories that Dexter may work in.',
  needs: ['github-app'],
  async inspect({ app, installations }) {
    const known = await app();
    const page = known.outcome === 'answered' ? `${known.value.html_url}/installations/new` : '';
    return judgeInstallations(await installations(), page);
  },
};

export function judgeInstallations(answer: Answer<Installation[]>, page: string): Verdict {
  if (answer.outcome !== 'answered') {
    const how = answer.outcome === 'refused' ? `HTTP ${answer.status}` : answer.outcome;
    return failed(`GitHub does not list where the App is installed (${how}).`, 'Try again later.');
  }
  if (answer.value.length === 0) return failed('The App is installed nowhere.', `Install it: ${page}`);
  const suspended = answer.value.filter(({ suspended_at }) => suspended_at);
  const [first] = suspended;
  const told = `On ${answer.value.map(nameOf).join(', ')}.`;
  if (first === undefined) return ok(told);
  const what = `The installation on ${suspended.map(nameOf).join(', ')} is suspended.`;
  const fix = `Unsuspend it: ${first.html_url}`;
  return suspended.length === answer.value.length ? failed(what, fix) : warning(what, fix);
}

export function nameOf({ account, id }: Installation): string {
  return account?.login ?? String(id);
}
