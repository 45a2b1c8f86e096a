import type { Problem } from '../core/errors.ts';

export type Choice =
  | { outcome: 'repository'; owner: string; name: string }
  | { outcome: 'refuse'; problem: Problem };

export interface RepositoryFacts {
  /** Repositories that the comment links to, `owner/name`, on which Dexter is installed. */
  linked: string[];
  /** Linked ones on which it is not installed. */
  notInstalled: string[];
  /** Address of GitHub for people. */
  serverUrl: string;
  /** Repository of an earlier command of the same ticket. */
  earlier?: { owner: string; name: string };
  projectKey: string;
  /** Project key to repository or repositories, from the configuration. */
  projects: Record<string, string | string[]>;
}

/**
 * Which repository a JIRA ticket is about: one that the comment links to, else the one that the ticket's
 * earlier commands went to, else the one of its project. Never a guess among several. Links to repositories
 * of strangers are not about where to work.
 */
export function chooseRepository(facts: RepositoryFacts): Choice {
  const { linked } = facts;
  if (linked.length === 1 && linked[0]) return split(linked[0]);
  if (linked.length > 1) return ambiguous('The comment links to several repositories', linked);
  const choices = repositoriesOf(facts.projects, facts.projectKey);
  const meant = facts.notInstalled.find((link) => isOfOurs(link, facts));
  if (meant) return { outcome: 'refuse', problem: notInstalled(meant, choices, facts.serverUrl) };
  if (facts.earlier) return { outcome: 'repository', ...facts.earlier };
  if (choices.length === 1 && choices[0]) return split(choices[0]);
  if (choices.length > 1) {
    return ambiguous(`The JIRA project ${facts.projectKey} belongs to several repositories`, choices);
  }
  const known = [...new Set(Object.values(facts.projects).flat())].sort();
  return {
    outcome: 'refuse',
    problem: {
      code: 'repository-unknown',
      message: `Dexter does not know which repository the JIRA project ${facts.projectKey} belongs to.`,
      hint: `Put the link of the repository into the comment${known.length > 0 ? `, one of: ${list(known, facts.serverUrl)}` : ''}; or an administrator adds ${facts.projectKey} to \`projects\` in dexter.yml.`,
    },
  };

  function ambiguous(what: string, choices: string[]): Choice {
    return {
      outcome: 'refuse',
      problem: {
        code: 'repository-unknown',
        message: `${what}, and Dexter does not guess.`,
        hint: `Ask again with the link of one of them in the comment: ${list(choices, facts.serverUrl)}.`,
      },
    };
  }
}

/** The repositories of a project, each once. The record comes from YAML: nothing is looked up on its prototype. */
export function repositoriesOf(projects: RepositoryFacts['projects'], projectKey: string): string[] {
  return Object.hasOwn(projects, projectKey) ? [...new Set([projects[projectKey] ?? []].flat())] : [];
}

/** Where Dexter is not installed, with the repositories that the configuration knows instead. */
export function notInstalled(repository: string, choices: string[], serverUrl: string): Problem {
  const others = choices.filter((choice) => choice.toLowerCase() !== repository.toLowerCase());
  const known = others.length > 0 ? ` The ticket's project belongs to: ${list(others, serverUrl)}.` : '';
  return {
    code: 'repository-not-installed',
    message: `Dexter is not installed on \`${repository}\`, or there is no such repository.`,
    hint: `An administrator of the repository installs the GitHub App on it; or ask again with the link of another one.${known}`,
  };
}

/** A repository of an owner that the configuration knows: then the link says where to work. */
function isOfOurs(link: string, { earlier, projects }: RepositoryFacts): boolean {
  const owners = Object.values(projects)
    .flat()
    .map((repository) => repository.split('/')[0] ?? '');
  const owner = link.split('/')[0]?.toLowerCase();
  return [...owners, earlier?.owner ?? ''].some((known) => known.toLowerCase() === owner);
}

/** Repositories that the text links to, each once: GitHub does not tell upper from lower case. */
export function linkedRepositories(text: string, serverUrl: string): string[] {
  const escaped = serverUrl.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`${escaped}/([A-Za-z0-9-]{1,39})/([A-Za-z0-9._-]{1,100})`, 'gi');
  const found = new Map<string, string>();
  for (const [, owner = '', name = ''] of text.matchAll(pattern)) {
    const bare = name.replace(/\.+$/, '').replace(/\.git$/, '');
    const key = `${owner}/${bare}`.toLowerCase();
    // What is left of `..git` ends with a dot, as no name on GitHub does.
    if (bare !== '' && !bare.endsWith('.') && !found.has(key)) found.set(key, `${owner}/${bare}`);
  }
  return [...found.values()];
}

function split(fullName: string): Choice {
  const [owner = '', name = ''] = fullName.split('/');
  return { outcome: 'repository', owner, name };
}

function list(repositories: string[], serverUrl: string): string {
  return repositories.map((repository) => `\`${serverUrl}/${repository}\``).join(', ');
}
