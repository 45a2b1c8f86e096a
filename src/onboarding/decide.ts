import { takesInputsOf } from './takes-inputs.ts';
import type { OnboardingTemplate } from './template.ts';

/** A pull request from the branch of onboarding. */
export interface Proposal {
  number: number;
  state: 'open' | 'merged' | 'closed';
  /** What the app noted in it; absent when somebody took that out. */
  note?: ProposalNote;
}

export interface ProposalNote {
  /** Version of the template that it proposes. */
  template: string;
  /** Commit at which its files are as the app wrote them. */
  commit: string;
  /** Whether the workflow is in it: that takes a permission of its own. */
  hasWorkflow: boolean;
}

export interface OnboardingFacts {
  /** Newest first. */
  proposals: readonly Proposal[];
  /** The workflow on the default branch, if there is one. */
  workflow: string | undefined;
  template: OnboardingTemplate;
  mayWriteWorkflows: boolean;
  /** A person asks for it here and now: one that was closed is no answer to that. */
  isAsked?: boolean;
}

export type Quiet = 'open' | 'merged' | 'declined' | 'current';

export type OnboardingDecision =
  | { do: 'nothing'; because: Quiet; number?: number }
  | { do: 'update'; proposal: Proposal }
  /** `earlier` is the one that was merged with an older template. */
  | { do: 'open'; earlier?: Proposal };

/**
 * Whether a repository is to get a pull request: one at first, one more for each new template once it was merged, and
 * none ever again when somebody closed it.
 */
export function decideOnboarding(facts: OnboardingFacts): OnboardingDecision {
  const { workflow, template, isAsked } = facts;
  const [newest] = isAsked ? facts.proposals.filter(({ state }) => state !== 'closed') : facts.proposals;
  if (newest?.state === 'closed') return { do: 'nothing', because: 'declined', number: newest.number };
  if (newest?.state === 'open') {
    return isUpToDate(newest, facts)
      ? { do: 'nothing', because: 'open', number: newest.number }
      : { do: 'update', proposal: newest };
  }
  if (workflow === template.workflow.content) return { do: 'nothing', because: 'current' };
  if (newest === undefined) {
    const isStartable = workflow !== undefined && takesInputsOf(workflow, template.workflow.content);
    return isStartable ? { do: 'nothing', because: 'current' } : { do: 'open' };
  }
  return isUpToDate(newest, facts)
    ? { do: 'nothing', because: 'merged', number: newest.number }
    : { do: 'open', earlier: newest };
}

function isUpToDate({ note }: Proposal, { template, workflow, mayWriteWorkflows }: OnboardingFacts): boolean {
  if (note?.template !== template.version) return false;
  // It was left out because of the permission, which there is by now.
  return note.hasWorkflow || workflow !== undefined || !mayWriteWorkflows;
}
