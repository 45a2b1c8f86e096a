import type { WaitingFor } from '../core/waiting-for.ts';
import { inlineCode } from './neutralise.ts';

/** More labels than a job has. */
const mostLabels = 20;

/** What a run waits for that nobody has taken, for people; empty when nobody has to do anything. Labels are untrusted. */
export function waitingMarkdown(waitingFor: WaitingFor | null | undefined, runUrl?: string | null): string {
  if (!waitingFor) return '';
  const run = isPlainUrl(runUrl) ? `[The run](${runUrl})` : 'The run';
  return `⚠️ No runner has taken it yet. ${run} ${reason(waitingFor)} Dexter goes on as soon as it begins.`;
}

function reason(waitingFor: WaitingFor): string {
  switch (waitingFor.what) {
    case 'runner': {
      const labels = waitingFor.labels.slice(0, mostLabels).map((label) => inlineCode(label.slice(0, 100)));
      const which = labels.length === 0 ? '' : ` with the labels ${labels.join(', ')}`;
      return `waits for a runner${which}: see that one is online and free (Settings → Actions → Runners), and that \`runs-on\` of the workflow names the labels that it has.`;
    }
    case 'approval':
      return 'waits until somebody approves it: the environment of its job asks for that.';
    case 'other-run':
      return 'waits for another run of its `concurrency` group, which you can cancel on GitHub.';
  }
}

/** An address that cannot end the link it stands in: it may come from a runner. */
export function isPlainUrl(url: string | null | undefined): url is string {
  return typeof url === 'string' && /^https?:\/\/[\w.:/?=&%~+-]+$/.test(url);
}
