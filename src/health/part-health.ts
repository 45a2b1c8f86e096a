import type { Logger } from 'pino';
import type { Answer } from '../core/answer.ts';
import { messageOf } from '../core/errors.ts';
import { withoutLogContext } from '../core/log-context.ts';
import { inTime } from '../jobs/in-time.ts';

/** What Dexter works with and can be without for a while: webhooks are kept meanwhile. */
export type PartName = 'github' | 'jira' | 'redis' | 'store';

/** Worst last. */
const states = ['off', 'ok', 'unknown', 'no answer', 'refused'] as const;
export type PartState = (typeof states)[number];

export interface Look {
  state: PartState;
  /** Why, for those who run Dexter. */
  said?: string;
}

export interface LookedAtPart {
  part: PartName;
  /** Which one, where there may be several: the site of JIRA. */
  name?: string;
  look(): Promise<Look>;
}

/** How a part was when it was seen last; for administrators only. */
export interface PartHealth extends Look {
  part: PartName;
  name?: string;
  /** Since when it is so, and when it was seen last, as far as this process knows. */
  since?: Date;
  seenAt?: Date;
}

export interface Health {
  /** Each part, at once: what has not been looked at for a while is looked at in the background. */
  parts(): PartHealth[];
}

/** GitHub, JIRA and the others are asked at most this often, however many ask for the answer. */
const lookEveryMs = 30_000;

/** What takes longer cannot be worked with either. */
const lookWithinMs = 10_000;

export interface HealthOptions {
  parts: readonly LookedAtPart[];
  log: Logger;
  now?: () => number;
  everyMs?: number;
  withinMs?: number;
}

/** Looks at parts when somebody asks, and tells the log of each change once. */
export function watchHealth(options: HealthOptions): Health {
  const { parts, log, now = Date.now, everyMs = lookEveryMs, withinMs = lookWithinMs } = options;
  const seen = parts.map(({ part, name }): PartHealth & { lookedAt?: number; isLooking?: boolean } => ({
    part,
    ...(name === undefined ? {} : { name }),
    state: 'unknown',
  }));

  async function lookAgain(index: number): Promise<void> {
    const [part, before] = [parts[index], seen[index]];
    if (!part || !before || before.isLooking) return;
    if (before.lookedAt !== undefined && now() - before.lookedAt < everyMs) return;
    Object.assign(before, { lookedAt: now(), isLooking: true });
    const looking = part.look().catch(
      (error: unknown): Look => ({
        state: 'no answer',
        said: messageOf(error),
      }),
    );
    note(before, (await inTime(withinMs, looking)) ?? { state: 'no answer', said: 'it takes too long' });
    // One that hangs is not asked a second time meanwhile.
    await looking;
    before.isLooking = false;
  }

  function note(part: PartHealth, { state, said }: Look): void {
    const was = part.state;
    part.seenAt = new Date(now());
    if (said === undefined) delete part.said;
    else part.said = said;
    if (state === was) return;
    part.state = state;
    part.since = part.seenAt;
    tell(part, was);
  }

  function tell({ part, name, state, said }: PartHealth, was: PartState): void {
    const line = { event: 'health_changed', part, ...(name === undefined ? {} : { name }), state, was };
    const what = name === undefined ? part : `${part} ${name}`;
    if (isTrouble(state)) log.warn({ ...line, said }, `${what}: ${state}`);
    else if (isTrouble(was)) log.info(line, `${what}: ${state} again`);
  }

  return {
    parts() {
      withoutLogContext(() => {
        for (const index of parts.keys()) void lookAgain(index);
      });
      return seen.map(({ lookedAt: _, isLooking: __, ...part }) => ({ ...part }));
    },
  };
}

function isTrouble(state: PartState): boolean {
  return state === 'no answer' || state === 'refused';
}

/** The worst of each part, for everybody: what there is none of is off. */
export function worstOf(parts: readonly PartHealth[]): Record<PartName, PartState> {
  const worst = (name: PartName): PartState => {
    const ranks = parts.filter(({ part }) => part === name).map(({ state }) => states.indexOf(state));
    return states[Math.max(0, ...ranks)] ?? 'unknown';
  };
  return { github: worst('github'), jira: worst('jira'), redis: worst('redis'), store: worst('store') };
}

/** What somebody else's answer to a harmless question says of them. */
export function lookOf(answer: Answer<unknown>): Look {
  switch (answer.outcome) {
    case 'answered':
      return { state: 'ok' };
    case 'strange':
      return { state: 'no answer', said: 'something else answers there' };
    case 'unreachable':
      return { state: 'no answer', said: [answer.code, answer.said].filter(Boolean).join(': ') };
    case 'refused': {
      const said = [answer.status > 0 ? `HTTP ${answer.status}` : '', answer.said].filter(Boolean).join(': ');
      // It does not work just now, for nobody or for so many requests.
      const isPassing = answer.status >= 500 || answer.status === 408 || answer.status === 429;
      return { state: isPassing ? 'no answer' : 'refused', said };
    }
  }
}
