import { repositoryConfigPath } from '../commands/repository-config.ts';
import type { RepositoryRef } from '../core/command.ts';
import type { ProposalNote } from './decide.ts';
import type { ProposedFile } from './template.ts';

/** The branch of onboarding; nothing else of Dexter's has this name. */
export const onboardingBranch = 'dexter/onboarding';

/** Where the pages of Dexter are. */
const home = 'https://github.com/dexter-app/dexter';

/** Longest address that browsers and GitHub's editor are sure to take. */
const longestUrl = 7_500;

export interface PullRequestFacts {
  repository: Pick<RepositoryRef, 'owner' | 'name'>;
  /** Address of GitHub for people. */
  serverUrl: string;
  /** Name that Dexter listens to. */
  name: string;
  workflow: ProposedFile;
  /** Paths of the files that the pull request changes. */
  paths: readonly string[];
  /** The workflow is there already, in an older form. */
  isRenewal: boolean;
  /** Changes of the team's own stand where the template changed: they are not in it. */
  hasConflict: boolean;
  /** The workflow may not be written by the app and has to be added by a person. */
  lacksWorkflow: boolean;
  note: ProposalNote;
}

/** Title and Markdown of the onboarding pull request. */
export function pullRequestText(facts: PullRequestFacts): { title: string; body: string } {
  const { name, isRenewal, note } = facts;
  const parts = isRenewal ? renewal(facts) : first(facts);
  return {
    title: isRenewal ? `Update the workflow of ${titled(name)}` : `Add ${titled(name)}`,
    body: `${parts.join('\n\n')}\n\n${noteText(note)}\n`,
  };
}

function first(facts: PullRequestFacts): string[] {
  const { name, workflow, paths, lacksWorkflow } = facts;
  const files = [
    ...(paths.includes(workflow.path) || lacksWorkflow
      ? [`| \`${workflow.path}\` | the workflow that the app starts on your runner, once for each command |`]
      : []),
    ...(paths.includes(repositoryConfigPath)
      ? [
          `| \`${repositoryConfigPath}\` | what Dexter does in this repository; all of it is optional and commented out |`,
        ]
      : []),
  ];
  const left = [...(lacksWorkflow ? [addWorkflow(facts)] : []), ...leftToDo(facts).map(checkbox)];
  return [
    `Comment \`@${name} implement this\` on a JIRA ticket or an issue, or \`@${name} add tests\` on a pull request, and Claude Code does it on your own GitHub Actions runners, in one session per issue that every follow-up continues. This is what it needs in the repository:`,
    ['| File | What it is |', '| --- | --- |', ...files].join('\n'),
    `### ${lacksWorkflow ? 'Three' : 'Two'} things are left to do`,
    left.join('\n'),
    `Then merge this and comment on an issue ${firstCommand(name)}. [What each step is for](${home}/blob/main/docs/install.md#4-a-repository) · [What is not isolated from whom](${home}/blob/main/docs/security.md)`,
    '---',
    'This pull request is kept up to date while it is open. Close it if you do not want it: Dexter does not ask again.',
    ...detailsOf(facts),
  ];
}

function renewal(facts: PullRequestFacts): string[] {
  const { workflow, hasConflict, lacksWorkflow } = facts;
  return [
    `The app that is installed here comes with a newer form of \`${workflow.path}\`. ${
      hasConflict
        ? '**Changes that you made stand where it changed, so they are not in this pull request:** look at the diff, and put back on this branch what you need, before you merge it.'
        : 'Changes that you made to the file are kept.'
    }`,
    ...(lacksWorkflow ? [addWorkflow(facts)] : []),
    `[What changed in Dexter](${home}/blob/main/CHANGELOG.md)`,
    '---',
    'This pull request is kept up to date while it is open. Close it if you do not want it: Dexter does not ask again.',
    ...detailsOf(facts),
  ];
}

export interface LeftToDo {
  /** What it is, in a few words. */
  what: string;
  /** Where it is done. */
  url: string;
  /** The words of the link. */
  link: string;
  /** How. */
  how: string;
}

/** The command that shows whether all of it works, as text of a sentence. */
export function firstCommand(name: string): string {
  return `\`@${name} add a line to the README that says what this project is for\` (\`@${name} help\` is answered by the app alone)`;
}

/** What no file can do, and where it is done. */
export function leftToDo({
  repository: { owner, name },
  serverUrl,
}: Pick<PullRequestFacts, 'repository' | 'serverUrl'>): LeftToDo[] {
  const settings = `${serverUrl}/${owner}/${name}/settings`;
  return [
    {
      what: "The key of the model's API.",
      link: 'Add the secret',
      url: `${settings}/secrets/actions/new`,
      how: `with the name \`ANTHROPIC_API_KEY\`. A secret of the organisation will do as well, and a gateway that keeps the key itself needs none: name its address in the workflow (\`anthropic-base-url\`). For a subscription's token, Bedrock or Vertex see [another provider](${home}/blob/main/docs/install.md#another-provider).`,
    },
    {
      what: 'A runner.',
      link: 'Register a self-hosted runner',
      url: `${settings}/actions/runners/new`,
      how: 'and give it the label that the workflow asks for, `dexter`: on one machine only, because sessions are kept on its disk unless the workflow says otherwise. It needs git 2.32 or newer and npm; the first run installs Claude Code.',
    },
  ];
}

function checkbox({ what, link, url, how }: LeftToDo): string {
  return `- [ ] **${what}** [${link}](${url}) ${how}`;
}

/** An app that may not write workflows cannot propose one either: a person adds the file to the same branch. */
function addWorkflow(facts: PullRequestFacts): string {
  const { workflow } = facts;
  const { url, isFilledIn } = editorUrl(facts);
  const how = isFilledIn
    ? 'and commit it to this branch'
    : 'and commit it to this branch, with the text below';
  return `- [ ] **The workflow.** The app has not been granted the permission to write workflows. [Open \`${workflow.path}\` in the editor](${url}) ${how}; or accept the permission \`workflows\` in the settings of the installation, and it is added here.`;
}

function editorUrl({ repository, serverUrl, workflow }: PullRequestFacts): {
  url: string;
  isFilledIn: boolean;
} {
  const { owner, name } = repository;
  const page = `${serverUrl}/${owner}/${name}/new/${onboardingBranch}`;
  const query = `filename=${encodeURIComponent(workflow.path)}`;
  const filled = `${page}?${query}&value=${encoded(workflow.content)}`;
  if (filled.length <= longestUrl) return { url: filled, isFilledIn: true };
  return { url: `${page}?${query}`, isFilledIn: false };
}

/** Parentheses would end the link in Markdown. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[()'*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
}

function detailsOf(facts: PullRequestFacts): string[] {
  if (!facts.lacksWorkflow || editorUrl(facts).isFilledIn) return [];
  const { path, content } = facts.workflow;
  return [
    `<details><summary><code>${path}</code></summary>\n\n\`\`\`\`\`yaml\n${content.trimEnd()}\n\`\`\`\`\`\n\n</details>`,
  ];
}

function titled(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function noteText({ template, commit, hasWorkflow }: ProposalNote): string {
  return `<!-- dexter:onboarding template=${template} commit=${commit} workflow=${hasWorkflow ? 'yes' : 'no'} -->`;
}

/** What `pullRequestText` noted in a body; whoever may write to the repository can have edited it. */
export function noteIn(body: string): ProposalNote | undefined {
  const [, template, commit, workflow] =
    /<!-- dexter:onboarding template=([0-9a-f]{12}) commit=([0-9a-f]{40}) workflow=(yes|no) -->/.exec(body) ??
    [];
  return template && commit ? { template, commit, hasWorkflow: workflow === 'yes' } : undefined;
}
