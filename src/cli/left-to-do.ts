import { leftToDo } from '../onboarding/pull-request.ts';
import { plain } from './plain-text.ts';

export interface Left {
  what: string;
  how: string;
  /** Absent when it is not known which repository this is. */
  url?: string;
}

/** What no file can do, in the words of a terminal. */
export function leftOf({
  repository,
  serverUrl,
}: {
  repository: { owner: string; name: string } | undefined;
  serverUrl: string;
}): Left[] {
  const where = repository ?? { owner: 'owner', name: 'name' };
  const app = {
    what: 'The GitHub App.',
    link: 'Install it on the repository',
    url: `${serverUrl}/${where.owner}/${where.name}/settings/installations`,
    how: '(settings of the App, Install App), unless it is on the list there already.',
  };
  return [app, ...leftToDo({ repository: where, serverUrl })].map(({ what, link, how, url }) => ({
    what: what.replace(/\.$/, ''),
    how: `${link} ${withoutMarks(how)}`,
    ...(repository ? { url } : {}),
  }));
}

/** Markdown for a terminal: no backticks, and the address of a link behind its words. */
function withoutMarks(text: string): string {
  return text.replaceAll('`', '').replaceAll(/\[([^\]]+)\]\(([^)]+)\)/g, '$1 ($2)');
}

/** Lines that are no longer than this, as far as words allow. */
const width = 96;

export function leftLines(left: readonly Left[]): string[] {
  return [
    '',
    'Three things are left to do:',
    ...left.flatMap(({ what, how, url }, index) => [
      '',
      `  ${index + 1}. ${what}`,
      ...wrapped(how).map((line) => `     ${line}`),
      ...(url ? [`     ${plain(url)}`] : []),
    ]),
  ];
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
