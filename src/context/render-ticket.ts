import { formatSize } from '../core/size.ts';
import type { JiraComment, JiraTicket } from '../jira/ticket.ts';

/** Of one list; a ticket may have thousands of subtasks or links. */
const longestList = 50;

/**
 * The ticket without its comments, as Markdown. The description stands last: where something has to be cut, its end goes
 * first.
 */
export function ticketSection(ticket: JiraTicket | undefined): string {
  if (!ticket) return '';
  const { storyPoints } = ticket;
  const fields = [
    `Link: ${ticket.url}`,
    field('Type', ticket.type),
    field('Status', ticket.status),
    field('Priority', ticket.priority),
    field('Labels', ticket.labels.join(', ')),
    field('Components', ticket.components.join(', ')),
    field('Fix versions', ticket.fixVersions.join(', ')),
    field('Sprint', ticket.sprint ?? ''),
    field('Story points', storyPoints === undefined ? '' : String(storyPoints)),
    ticket.parent ? field('Parent', `${ticket.parent.key}: ${ticket.parent.summary}`) : '',
  ].filter(Boolean);
  const sections = [
    `# JIRA ticket ${ticket.key}: ${shown(ticket.summary)}`,
    ...notices(ticket),
    fields.join('\n'),
    list('Subtasks', ticket.subtasks.map(otherTicket)),
    list(
      'Linked tickets',
      ticket.linkedIssues.map((one) => `${shown(one.relation)} ${otherTicket(one)}`),
    ),
    list('Links', ticket.remoteLinks.map(remoteLink)),
    list('Attachments', ticket.attachments.map(attachment)),
    ticket.acceptanceCriteria ? `## Acceptance criteria\n\n${ticket.acceptanceCriteria}` : '',
    `## Description\n\n${ticket.description || '(none)'}`,
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

/** What is said of a comment beside its author and time. */
export function commentRemarks({ edited, updatedAt, invisible }: JiraComment): string {
  return [
    edited ? `, edited ${updatedAt}` : '',
    invisible === 0 ? '' : `, ${invisibleCharacters(invisible)} removed`,
  ].join('');
}

function notices({ key, movedFrom, invisible }: JiraTicket): string[] {
  return [
    ...(movedFrom === undefined ? [] : [`(The ticket was moved: what was ${movedFrom} is now ${key}.)`]),
    ...(invisible === 0
      ? []
      : [
          `(${invisibleCharacters(invisible)} ${invisible === 1 ? 'was' : 'were'} removed from this ticket.)`,
        ]),
  ];
}

function invisibleCharacters(count: number): string {
  return `${count} invisible ${count === 1 ? 'character' : 'characters'}`;
}

function field(name: string, value: string): string {
  return value === '' ? '' : `${name}: ${shown(value)}`;
}

function list(title: string, entries: readonly string[]): string {
  if (entries.length === 0) return '';
  const more = entries.length - longestList;
  const lines = entries.slice(0, longestList).map((entry) => `- ${entry}`);
  return `## ${title}\n\n${[...lines, ...(more > 0 ? [`- (${more} more)`] : [])].join('\n')}`;
}

function otherTicket({ key, summary, status }: { key: string; summary: string; status: string }): string {
  return `${key}: ${shown(summary)}${status === '' ? '' : ` (${shown(status)})`}`;
}

function remoteLink({ title, url, relation }: JiraTicket['remoteLinks'][number]): string {
  const address = shown(url);
  return `${relation === '' ? '' : `${shown(relation)}: `}${title === url ? '' : `${shown(title)}, `}${address}`;
}

function attachment({
  name,
  fileName,
  mimeType,
  bytes,
  createdAt,
  author,
}: JiraTicket['attachments'][number]): string {
  const saved = name === fileName ? '' : ` (as ${fileName})`;
  const by = [shown(author), createdAt].filter(Boolean).join(', ');
  return `${shown(name)}${saved}: ${mimeType}, ${formatSize(bytes)}${by === '' ? '' : `, ${by}`}`;
}

/** A line that hides nothing from a person who reads the same Markdown: HTML shows as text. */
function shown(text: string): string {
  return text.replaceAll(/<(?=[!/?A-Za-z])/g, '\\<');
}
