import { z } from 'zod';

/** A JIRA issue key: project key (a letter, then letters, digits or underscores), a dash, a number. */
export const jiraKeyPattern = /^[A-Z][A-Z0-9_]{1,29}-[1-9][0-9]{0,9}$/;

const githubKeyPattern = /^gh-[1-9][0-9]{0,15}-([1-9][0-9]{0,9})$/;

/**
 * The key that everything of one piece of work is filed under: the JIRA key (`DXTR-123`), or
 * `gh-<repository id>-<number>` where the work began on GitHub.
 */
export const IssueKey = z
  .string()
  .refine((key) => jiraKeyPattern.test(key) || githubKeyPattern.test(key), 'an issue key, such as `SHOP-42`')
  .brand('IssueKey');
export type IssueKey = z.infer<typeof IssueKey>;

export function githubIssueKey(repositoryId: number, number: number): IssueKey {
  return IssueKey.parse(`gh-${repositoryId}-${number}`);
}

/** The number of the issue or pull request that a key of GitHub is of; undefined for a JIRA key. */
export function githubNumberOf(key: string): number | undefined {
  const number = githubKeyPattern.exec(key)?.[1];
  return number === undefined ? undefined : Number(number);
}

export function isJiraKey(key: string): boolean {
  return jiraKeyPattern.test(key);
}

/** The project of a JIRA key: `DXTR` of `DXTR-123`. */
export function projectOf(jiraKey: string): string {
  return jiraKey.slice(0, jiraKey.lastIndexOf('-'));
}
