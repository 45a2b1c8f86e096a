/** What of this repository a file names by its commit. */
export interface Pin {
  file: string;
  /** Path that stands behind the name of the repository, up to the `@`. */
  path: string;
}

/** The action, as the reusable workflow uses it. */
export const actionPin: Pin = { file: '.github/workflows/dexter.yml', path: 'action' };

/** The reusable workflow, as the workflows of a team use it. */
export const callerPins: readonly Pin[] = [
  'examples/dexter.yml',
  'examples/stand-alone.yml',
  'examples/jira-repository-dispatch.yml',
].map((file) => ({ file, path: '.github/workflows/dexter.yml' }));

const repository = 'dexter-app/dexter';

/** Names another commit, and beside it what the commit is. Throws where the file names none, or several. */
export function pinned(text: string, { file, path }: Pin, commit: string, label: string): string {
  if (!/^[0-9a-f]{40}$/.test(commit)) throw new Error(`${commit} is no full commit id`);
  const uses = `uses: ${repository}/${path}@`;
  const found = text.split(uses).length - 1;
  if (found !== 1) throw new Error(`${file} has ${found} lines with \`${uses}\`, and must have one`);
  return text.replace(
    new RegExp(`(${literal(uses)}).*`),
    (_, start: string) => `${start}${commit} # ${label}`,
  );
}

/** The commit that a file names; undefined when it names none. */
export function pinOf(text: string, { path }: Pin): string | undefined {
  return new RegExp(`uses: ${literal(`${repository}/${path}`)}@([0-9a-f]{40})\\b`).exec(text)?.[1];
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
