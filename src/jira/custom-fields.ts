import type { Issue } from './answers.ts';
import type { JiraFieldNames } from './site.ts';

const fieldId = /^customfield_\d+$/;

/** The fields of a ticket that are always asked for. */
const ownFields = [
  ...['summary', 'description', 'status', 'issuetype', 'priority', 'labels', 'components', 'fixVersions'],
  ...['parent', 'subtasks', 'issuelinks', 'attachment', 'updated'],
];

/**
 * What to ask for: the fields by their ids. Where a field is configured by its name, its id is not known before the
 * answer is there, so all are asked for, with their names.
 */
export function askedFields(
  configured: JiraFieldNames,
  withComments: boolean,
): { fields: string[]; expand: string } {
  const wanted = Object.values(configured);
  // Remote links have an address of their own; the history tells whether there are any.
  const expand = 'changelog';
  if (wanted.every((one) => fieldId.test(one)))
    return { fields: [...ownFields, ...(withComments ? ['comment'] : []), ...wanted], expand };
  return { fields: ['*all', ...(withComments ? [] : ['-comment']), '-worklog'], expand: `names,${expand}` };
}

/** The value of a configured field; the first that has one where several have the name. */
export function customField({ fields, names = {} }: Issue, configured: string | undefined): unknown {
  if (configured === undefined) return undefined;
  if (fieldId.test(configured)) return fields[configured] ?? undefined;
  const ids = Object.entries(names).flatMap(([id, name]) => (name === configured ? [id] : []));
  return ids.map((id) => fields[id]).find((value) => value !== null && value !== undefined);
}

/**
 * The names of the sprints that are not over, else of the newest one. Cloud answers objects, Server the text of its own:
 * `com.atlassian…Sprint@1b[id=7,state=ACTIVE,name=Sprint 7,…]`.
 */
export function sprintName(value: unknown): string | undefined {
  const sprints = (Array.isArray(value) ? value : [value]).flatMap((one) => sprintOf(one) ?? []);
  const open = sprints.filter(({ state }) => state.toLowerCase() !== 'closed');
  const shown = open.length > 0 ? open : sprints.slice(-1);
  return shown.length === 0 ? undefined : shown.map(({ name }) => name).join(', ');
}

function sprintOf(value: unknown): { name: string; state: string } | undefined {
  if (typeof value === 'string') {
    const name = /[[,]name=(.*?)(?:,[a-zA-Z]+=|\]$)/.exec(value)?.[1] ?? (value.includes('[') ? '' : value);
    return name === '' ? undefined : { name, state: /[[,]state=([A-Za-z]+)/.exec(value)?.[1] ?? '' };
  }
  if (typeof value !== 'object' || value === null || !('name' in value)) return undefined;
  const state = 'state' in value && typeof value.state === 'string' ? value.state : '';
  return typeof value.name === 'string' && value.name !== '' ? { name: value.name, state } : undefined;
}

export function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
