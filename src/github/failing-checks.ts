import type { ChecksFacts, FailingCheck } from './context.ts';
import type { Check } from './conversation-answer.ts';

/** Longest text of a failing check; its end is where the counts and the conclusion tend to stand. */
const longestSummary = 2_000;

const passing = new Set(['SUCCESS', 'NEUTRAL', 'SKIPPED', 'STALE']);
const pending = new Set(['PENDING', 'EXPECTED']);

/** The checks of a commit by what became of them. `total` counts those too that are not listed. */
export function checksOf(checks: readonly Check[], total: number | undefined): ChecksFacts {
  const found: ChecksFacts = {
    failing: [],
    passed: 0,
    pending: 0,
    others: Math.max(0, (total ?? 0) - checks.length),
  };
  for (const check of checks) {
    const conclusion = conclusionOf(check);
    if (conclusion === undefined) found.pending += 1;
    else if (passing.has(conclusion)) found.passed += 1;
    else found.failing.push(toFailing(check, conclusion));
  }
  return found;
}

/** Undefined while it is not known. */
function conclusionOf(check: Check): string | undefined {
  if (check.__typename === 'StatusContext') return pending.has(check.state) ? undefined : check.state;
  return check.status === 'COMPLETED' ? (check.conclusion ?? undefined) : undefined;
}

function toFailing(check: Check, conclusion: string): FailingCheck {
  if (check.__typename === 'StatusContext') {
    return {
      name: check.context,
      conclusion,
      url: check.targetUrl ?? '',
      title: check.description ?? '',
      summary: '',
    };
  }
  const said = [check.summary, check.text].filter((text) => text !== null && text.trim() !== '').join('\n\n');
  return {
    name: check.name,
    conclusion,
    url: check.detailsUrl ?? '',
    title: check.title ?? '',
    summary: said.length <= longestSummary ? said : `…${said.slice(-longestSummary).toWellFormed()}`,
  };
}
