/** A changelog in the form of https://keepachangelog.com, newest version first, links at the end. */
export type Released =
  | { outcome: 'released'; text: string; section: string }
  | { outcome: 'refused'; reason: string };

export interface NewVersion {
  version: string;
  /** Day of the release, as YYYY-MM-DD. */
  date: string;
  /** Version before it, where there was one. */
  previous: string | undefined;
  /** Page of the repository. */
  repository: string;
}

const unreleased = '## [Unreleased]';

/** Makes what is unreleased the section of a version, with nothing unreleased above it. */
export function withVersion(
  changelog: string,
  { version, date, previous, repository }: NewVersion,
): Released {
  const { body, links } = parts(changelog);
  const start = body.indexOf(`${unreleased}\n`);
  if (start < 0) return { outcome: 'refused', reason: `the changelog has no line \`${unreleased}\`` };
  if (body.includes(`\n## [${version}]`)) {
    return { outcome: 'refused', reason: `the changelog has a section for ${version} already` };
  }
  const section = sectionBehind(body, start + unreleased.length);
  if (!/^- \S/m.test(section)) {
    return { outcome: 'refused', reason: `nothing is listed under \`${unreleased}\` in the changelog` };
  }
  const heading = `${unreleased}\n\n## [${version}] - ${date}`;
  const address = previous
    ? `${repository}/compare/v${previous}...v${version}`
    : `${repository}/releases/tag/v${version}`;
  const newLinks = [
    `[Unreleased]: ${repository}/compare/v${version}...main`,
    `[${version}]: ${address}`,
    ...links.filter((link) => !link.startsWith('[Unreleased]:')),
  ];
  const text = `${body.slice(0, start)}${heading}${body.slice(start + unreleased.length)}`;
  return { outcome: 'released', text: `${text.trimEnd()}\n\n${newLinks.join('\n')}\n`, section };
}

/** What the changelog says of a version; undefined when it says nothing. */
export function sectionOf(changelog: string, version: string): string | undefined {
  const { body } = parts(changelog);
  const heading = body.split('\n').find((line) => line.startsWith(`## [${version}]`));
  if (heading === undefined) return undefined;
  return sectionBehind(body, body.indexOf(`\n${heading}\n`) + 1 + heading.length) || undefined;
}

/** The text behind a heading, up to the next one of its level. */
function sectionBehind(body: string, end: number): string {
  const [section = ''] = body.slice(end).split(/^## /m);
  return section.trim();
}

function parts(changelog: string): { body: string; links: string[] } {
  const lines = changelog.trimEnd().split('\n');
  const isLink = (line: string) => /^\[[^\]]+\]: \S+$/.test(line);
  const last = lines.findLastIndex((line) => line !== '' && !isLink(line));
  return { body: `${lines.slice(0, last + 1).join('\n')}\n`, links: lines.slice(last + 1).filter(isLink) };
}
