import { join } from 'node:path';
import { AppError } from '../src/core/errors.ts';
import type { Checkout } from './checkout.ts';
import { type Finding, findInPush } from './find-in-push.ts';
import type { PushRules } from './push-rules.ts';
import { pushedChanges } from './pushed-changes.ts';

export interface CheckPushOptions {
  checkout: Checkout;
  head: string;
  rules: PushRules;
  /** Values that must not be pushed, whatever they look like. */
  secrets: readonly string[];
  temporaryDirectory: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Where the commits stay when they are not pushed. */
  ref: string;
}

/** So many are named; the rest is counted. */
const mostNamed = 5;

/**
 * Looks at what would be pushed, when every process of the agent is gone. Returns what is told to the person who asked.
 * @throws AppError `push-refused` for what the rules refuse.
 */
export async function checkPush(options: CheckPushOptions): Promise<string[]> {
  const { checkout, head, rules, secrets, temporaryDirectory, env } = options;
  const { start, baseCommit } = checkout;
  await using changes = await pushedChanges({
    objectDirectory: join(checkout.directory, '.git', 'objects'),
    temporaryDirectory,
    head,
    start,
    base: baseCommit,
    env,
  });
  const { refused, told } = verdictOn(await findInPush(changes, rules, secrets), rules);
  if (refused.length > 0) throw pushRefused(refused, options);
  return told.map(({ check, what }) => `Pushed, but look at it: ${what} (push check \`${check}\`).`);
}

/** What is only a hint never refuses. */
function verdictOn(
  found: readonly Finding[],
  { severity }: Pick<PushRules, 'severity'>,
): { refused: Finding[]; told: Finding[] } {
  const refuses = ({ check, isHint }: Finding) => !isHint && severity[check] === 'refuse';
  const told = found.filter((each) => !refuses(each));
  const more = told.length - mostNamed;
  const [first] = told.slice(mostNamed);
  return {
    refused: found.filter(refuses),
    told: [
      ...told.slice(0, mostNamed),
      ...(first === undefined ? [] : [{ check: first.check, what: `and ${more} more` }]),
    ],
  };
}

function pushRefused(refused: readonly Finding[], { checkout, ref }: CheckPushOptions): AppError {
  const named = refused.slice(0, mostNamed).map(({ check, what }) => `${what} (\`${check}\`)`);
  const more = refused.length - named.length;
  const list = [...named, ...(more > 0 ? [`${more} more`] : [])].join('; ');
  return new AppError('push-refused', {
    message: `Nothing was pushed, because of what the run changed: ${list}.`,
    hint: `Ask again without it: the same session goes on. Whoever maintains the workflow can allow it with the inputs \`push-checks\` and \`protected-paths\`. The commits are kept on the runner, in ${checkout.directory} under \`${ref}\`.`,
  });
}
