import type { OwnAndShared, Runner } from '../../../github/inspect.ts';
import type { Check } from '../check.ts';
import { namedOf } from '../patient.ts';
import { failed, ok, skipped, type Verdict, warning } from '../verdict.ts';
import { notShown, withoutToken } from '../with-token.ts';
import type { RunsOn } from '../workflow-file.ts';
import { noWorkflow, workflowOf } from './workflow.ts';

/** Labels of machines that GitHub itself brings along. */
const hosted = /^(?:ubuntu|windows|macos)-/i;

export const runner: Check = {
  id: 'runner',
  area: 'repository',
  title: 'Runner',
  looksAt:
    "A runner of the repository or its organisation is online and has all labels of the workflow's `runs-on`. Takes a token of your own.",
  mend: 'Start the runner, or add one with these labels under Settings → Actions → Runners.',
  needs: ['workflow'],
  async inspect(patient, name) {
    const { dispatcher, github } = await patient.config();
    if (dispatcher.kind === 'local') return noWorkflow;
    const { runsOn } = await workflowOf(patient, name);
    const page = `${github.serverUrl}/${name}/settings/actions/runners`;
    const own = runsOn.find(
      (one) => one.kind !== 'labels' || !one.labels.some((label) => hosted.test(label)),
    );
    if (own === undefined) return ok("GitHub's own machines do it.");
    if (own.kind === 'unknown')
      return skipped('The file does not say on which runner: `runs-on` is computed.', `Look at ${page}`);
    const { asPerson } = await patient.github();
    if (asPerson === undefined) return withoutToken(page);
    return judgeRunners({ name, page, runsOn: own, found: await asPerson.runners(namedOf(name)) });
  },
};

export function judgeRunners(facts: {
  name: string;
  page: string;
  runsOn: Exclude<RunsOn, { kind: 'unknown' }>;
  found: OwnAndShared<Runner>;
}): Verdict {
  const { name, page, runsOn, found } = facts;
  if (found.own.outcome !== 'answered') return notShown(found.own, 'administration: read', page);
  const all = [...found.own.value, ...(found.shared.outcome === 'answered' ? found.shared.value : [])];
  const fitting = all.filter(({ labels }) =>
    hasAll(
      labels.map((label) => label.name),
      runsOn.labels,
    ),
  );
  const online = fitting.filter(({ status }) => status === 'online');
  const wanted = [
    ...(runsOn.kind === 'group' ? [`of the group ${runsOn.group}`] : []),
    ...(runsOn.labels.length > 0 ? [`with ${runsOn.labels.join(', ')}`] : []),
  ].join(' ');
  if (online.length > 0) return ok(`${online.map((one) => one.name).join(', ')} ${wanted}: online.`);
  if (fitting.length > 0) {
    return failed(
      `No runner ${wanted} is online: ${fitting.map((one) => one.name).join(', ')} ${fitting.length === 1 ? 'is' : 'are'} offline.`,
      'On that machine, in the folder of the runner: `sudo ./svc.sh start` (or `./run.sh`)',
    );
  }
  const fix = `Add a runner with these labels: ${page}/new`;
  if (found.shared.outcome !== 'answered') {
    return warning(
      `${name} has no runner ${wanted} of its own; those of the organisation are not shown to this token.`,
      fix,
    );
  }
  return failed(
    `Neither ${name} nor its organisation has a runner ${wanted}: the job would wait for a day and fail.`,
    fix,
  );
}

function hasAll(labels: string[], wanted: string[]): boolean {
  const known = new Set(labels.map((label) => label.toLowerCase()));
  return wanted.every((label) => known.has(label.toLowerCase()));
}
