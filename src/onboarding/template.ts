import { createHash } from 'node:crypto';
import { repositoryConfigPath } from '../commands/repository-config.ts';

/** A file to be proposed, with its path in the repository. */
export interface ProposedFile {
  path: string;
  content: string;
}

/** What onboarding adds to a repository. */
export interface OnboardingTemplate {
  workflow: ProposedFile;
  config: ProposedFile;
  /** Changes with the files, and with nothing else. */
  version: string;
}

export interface TemplateOptions {
  /** The caller workflow as `examples/dexter.yml` has it. */
  workflow: string;
  /** The commented configuration of a repository as `examples/repository-config.yml` has it. */
  config: string;
  /** File name of the workflow that the app dispatches. */
  workflowFile: string;
  /** `owner/name@ref` that `uses:` is to name, for a copy of Dexter or a pinned commit. */
  action?: string | undefined;
}

/** The files of onboarding; the workflow's text is taken as it is, but for the `uses:` that name Dexter. */
export function onboardingTemplate(options: TemplateOptions): OnboardingTemplate {
  const workflow = {
    path: `.github/workflows/${options.workflowFile}`,
    content: options.action === undefined ? options.workflow : pinned(options.workflow, options.action),
  };
  const config = { path: repositoryConfigPath, content: options.config };
  const version = createHash('sha256')
    .update([workflow.path, workflow.content, config.path, config.content].join('\0'))
    .digest('hex')
    .slice(0, 12);
  return { workflow, config, version };
}

/** `uses: dexter-app/dexter[/path]@ref`, with the comment behind it: what that says of the pin is no longer so. */
const usesDexter =
  /(\buses:[ \t]*["']?)dexter-app\/dexter((?:\/[\w./-]+)?)@[\w./-]+(["']?)(?:[ \t]+#[^\r\n]*)?/g;

function pinned(workflow: string, action: string): string {
  const [repository, ref] = action.split('@');
  return workflow.replaceAll(
    usesDexter,
    (_, uses, path, quote) => `${uses}${repository}${path}@${ref}${quote}`,
  );
}
