import { z } from 'zod';
import { parseCommand } from '../../commands/parse.ts';
import { githubIssueKey, githubNumberOf, isJiraKey, projectOf } from '../../core/issue-key.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { InstalledRepository } from '../../github/github.ts';
import { readTitle } from '../../github/title.ts';
import { projectsOf } from '../../jobs/connections.ts';
import { jiraKeyInTitle } from '../../jobs/plan.ts';
import type { Services } from '../../jobs/services.ts';
import { instructionProblem } from '../../jobs/understand.ts';
import { issueKeyOfPullRequest } from '../../ledger/sessions.ts';
import { placeOfIssue } from './place-of-issue.ts';
import { notFound, type Refusal, readRepository, refuse, type Wanted } from './wanted.ts';

const Line = z
  .string()
  .max(300)
  .transform((line) => line.trim());

/** What the form sends. Empty fields are not filled in. */
export const AskFields = z.object({
  repository: Line,
  /** Number of an issue or a pull request, or the key of a ticket. */
  issue: Line,
  text: z.string(),
  model: Line.default(''),
  engine: Line.default(''),
  budget: Line.default(''),
  fresh: z.string().optional(),
});
export type AskFields = z.infer<typeof AskFields>;

/** Something new, written by hand: what a comment may say, in the words of a comment. */
export async function ask(services: Services, viewer: Viewer, fields: AskFields): Promise<Wanted | Refusal> {
  const repositoryName = /^([A-Za-z0-9-]{1,39})\/([A-Za-z0-9._-]{1,100})$/.exec(fields.repository);
  if (!repositoryName) {
    return refuse('invalid', 'The repository is not named as `owner/name`.', 'Write it as in `acme/shop`.');
  }
  const commentText = asComment(fields, services.name);
  if (typeof commentText !== 'string') return commentText;
  const parsed = parseCommand(commentText, services.name);
  const problem =
    parsed.outcome === 'invalid'
      ? parsed.problem
      : parsed.outcome === 'command'
        ? instructionProblem(parsed.ask)
        : undefined;
  if (parsed.outcome !== 'command' || problem) {
    const { message, hint } = problem ?? { message: 'Nothing is asked.', hint: 'Write what is to be done.' };
    return refuse('invalid', message, hint);
  }
  const [, owner = '', name = ''] = repositoryName;
  const found = await readRepository(services, viewer.scope, { owner, name });
  if (!found) return notFound;
  const place = await placeAsked(services, found, fields.issue);
  if ('outcome' in place) return place;
  return {
    outcome: 'wanted',
    ...place,
    installationId: found.installationId,
    repository: found.repository,
    text: commentText,
    ask: parsed.ask,
  };
}

/** As it would stand in a comment: the flags before the words. Whoever writes the mention themselves need not. */
function asComment({ text, model, engine, budget, fresh }: AskFields, name: string): string | Refusal {
  const mention = new RegExp(`^\\s*@${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?=[\\s:,]|$)[:,]?`, 'i');
  const words = text.replaceAll('\r\n', '\n').replace(mention, '').trim();
  if (words === '') return refuse('invalid', 'Nothing is asked.', 'Write what is to be done.');
  const flags: string[] = fresh === undefined ? [] : ['--fresh'];
  for (const [flag, value] of [
    ['--model', model],
    ['--engine', engine],
    ['--max-budget', budget],
  ] as const) {
    if (value === '') continue;
    // A second word would be taken for the beginning of the instruction.
    if (/\s/.test(value)) {
      return refuse(
        'invalid',
        `\`${flag}\` takes one word. Nothing was started.`,
        'Leave it out, or write one.',
      );
    }
    flags.push(`${flag}=${value}`);
  }
  return [`@${name}`, ...flags, words].join(' ');
}

/** The issue that a number or a key stands for in a repository. One that does not exist is told by the normal flow. */
async function placeAsked(
  services: Services,
  found: InstalledRepository,
  asked: string,
): Promise<Pick<Wanted, 'origin' | 'issueKey'> | Refusal> {
  const { installationId, repository } = found;
  const number = /^#?([1-9][0-9]{0,9})$/.exec(asked)?.[1];
  if (number !== undefined) {
    const where = { installationId, repository, number: Number(number) };
    const issueKey = await keyOfNumber(services, where);
    return { origin: { kind: 'dashboard-github', ...where }, issueKey };
  }
  const key = githubNumberOf(asked) === undefined ? asked.toUpperCase() : asked;
  if (!isJiraKey(key) && githubNumberOf(key) === undefined) {
    return refuse(
      'invalid',
      'That is neither the number of an issue or a pull request nor the key of a ticket.',
      'Write it as in `12` or `SHOP-42`.',
    );
  }
  const origin = await placeOfIssue(services, found, key);
  if (origin) return { origin, issueKey: key };
  if (!isJiraKey(key)) return notFound;
  return refuse(
    'invalid',
    `The configuration does not say that the JIRA project \`${projectOf(key)}\` belongs to \`${repository.owner}/${repository.name}\`.`,
    'Comment on the ticket with a link to the repository instead; or an administrator adds the project to `projects` in dexter.yml.',
  );
}

/** What a comment there would be filed under. */
async function keyOfNumber(
  services: Services,
  where: { installationId: number; repository: InstalledRepository['repository']; number: number },
): Promise<string> {
  const { repository, number } = where;
  const known = await issueKeyOfPullRequest(services.db, repository.id, number);
  if (known !== undefined) return known;
  const own = githubIssueKey(repository.id, number);
  const projects = [...projectsOf(services, repository).keys()];
  if (projects.length === 0) return own;
  const read = await readTitle(services.github, where);
  return (read?.isPullRequest ? jiraKeyInTitle(read.title, projects) : undefined) ?? own;
}
