import type { Actor, RepositoryRef } from '../core/command.ts';
import type { Problem } from '../core/errors.ts';
import type { Permission } from '../github/github.ts';

export type Verdict =
  | {
      allowed: true;
      login: string;
      /** Who that is for what people spend: the GitHub account, whatever it is called and wherever it asks. */
      person: string;
    }
  /** `isUnanswered`: GitHub did not say, and may say yes later. */
  | { allowed: false; problem: Problem; isUnanswered?: true };

/** Dexter itself needs no permission to do what its configuration says. */
export type Person = Exclude<Actor, { from: 'dexter' }>;

export type AskPermission = (login: string) => Promise<{
  permission: Permission;
  /** Id of the account, where GitHub said it. */
  userId?: number;
  reason?: string;
}>;

/**
 * Who may command Dexter: people who may push to the repository, asked live. JIRA accounts count as the
 * GitHub login that the configuration maps them to. Bots never may, and a permission that GitHub does not
 * tell is none.
 */
export async function authorize(
  actor: Person,
  people: Record<string, string>,
  repository: RepositoryRef,
  askPermission: AskPermission,
): Promise<Verdict> {
  const name = `${repository.owner}/${repository.name}`;
  if (actor.from === 'github' && actor.type !== 'User') {
    return refuse(
      `${quoted(actor.login)} is not a person, and Dexter takes commands from people only.`,
      'A person with write access asks instead.',
    );
  }
  const login = actor.from === 'github' ? actor.login : ownValue(people, actor.accountId);
  if (login === undefined) {
    const who = actor.from === 'jira' ? actor : undefined;
    return refuse(
      `Dexter does not know which GitHub account belongs to ${quoted(who?.displayName ?? 'this account')} on JIRA.`,
      `An administrator adds the JIRA account id ${quoted(who?.accountId ?? '')} to \`people\` in dexter.yml.`,
    );
  }
  const { permission, userId, reason } = await askPermission(login);
  if (actor.from === 'github' && userId !== undefined && userId !== actor.id) {
    return refuse(
      `${quoted(login)} is the name of another GitHub account now than of the one that asked.`,
      'Ask again under the name that the account has now.',
    );
  }
  if (permission === 'admin' || permission === 'write')
    return { allowed: true, login, person: personOf(actor, userId) };
  if (reason) {
    const refused = refuse(
      `Dexter could not find out whether ${quoted(login)} may write to ${name}. ${reason}`,
      'Try again later; nothing was started.',
    );
    return { ...refused, isUnanswered: true };
  }
  return refuse(
    `${quoted(login)} may not write to ${name}, so Dexter does not act on this.`,
    'Somebody with write access can ask instead, or an administrator of the repository gives you that access.',
  );
}

function personOf(actor: Person, userId: number | undefined): string {
  if (actor.from === 'github') return `github:${actor.id}`;
  return userId === undefined ? `jira:${actor.accountId}` : `github:${userId}`;
}

function refuse(message: string, hint: string): Extract<Verdict, { allowed: false }> {
  return { allowed: false, problem: { code: 'not-authorized', message, hint } };
}

/** Names come from outside: shown as code, so that they mention nobody and format nothing. */
function quoted(name: string): string {
  const shown = name.replaceAll('`', '').replaceAll(/\s+/g, ' ').trim().slice(0, 80).toWellFormed();
  return `\`${shown || '(unknown)'}\``;
}

/** The map comes from YAML: `constructor` and the like must not be found on its prototype. */
function ownValue(record: Record<string, string>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
