import { z } from 'zod';
import { commandSources } from '../core/command.ts';
import { endStatuses } from '../core/status.ts';
import type { CommandFilter, PagePlace, Place } from '../ledger/command-pages.ts';

/** The parts of an address after its `?`, each as often as it is there. */
export type Query = Readonly<Record<string, readonly string[]>>;

export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: string[] };

const statuses = ['open', ...endStatuses] as const;

/** What can be chosen, in the order of the form. */
export const choices = { statuses, sources: commandSources };

const controlCharacter = /\p{Cc}/u;
const text = (most: number) =>
  z
    .string()
    .max(most, `at most ${most} characters`)
    .refine((value) => !controlCharacter.test(value), 'text without control characters')
    .transform((value) => value.trim() || undefined);

export const CursorText = z
  .string()
  .max(300)
  .transform((cursor, context): string[] => {
    const parts = Buffer.from(cursor, 'base64url').toString('utf8').split('/');
    // Only what we made ourselves reads the same again.
    if (cursorOf(parts) === cursor) return parts;
    context.addIssue({ code: 'custom', message: 'what a link of this list says: open the list anew' });
    return z.NEVER;
  });

/** An address within a list, opaque to whoever follows it. */
export function cursorOf(parts: readonly string[]): string {
  return Buffer.from(parts.join('/')).toString('base64url');
}

export const Micros = z.string().regex(/^[0-9]{1,16}$/);

const CommandCursor = CursorText.pipe(
  z
    .tuple([Micros, z.guid()], 'what a link of this list says: open the list anew')
    .transform(([micros, id]): Place => ({ micros, id })),
);

const RepositoryId = z
  .string()
  .regex(/^[1-9][0-9]{0,14}$/, 'the number of a repository')
  .transform(Number);

const CommandQuery = z.strictObject({
  status: z.enum(statuses, `one of ${statuses.join(', ')}`).optional(),
  source: z.enum(commandSources, `one of ${commandSources.join(', ')}`).optional(),
  repository: RepositoryId.optional(),
  person: text(100).optional(),
  q: text(200).optional(),
  after: CommandCursor.optional(),
  before: CommandCursor.optional(),
});

export interface CommandQueryValue {
  filter: CommandFilter;
  from: PagePlace | undefined;
}

/** What a list of commands is asked for. What is not understood is said, never guessed at. */
export function parseCommandQuery(query: Query): Parsed<CommandQueryValue> {
  const parsed = parseQuery(CommandQuery, query);
  if (!parsed.ok) return parsed;
  const { status, source, repository, person, q, after, before } = parsed.value;
  if (after && before) return { ok: false, problems: ['`after` and `before` exclude each other.'] };
  return {
    ok: true,
    value: {
      filter: { status, source, repositoryId: repository, person: person?.replace(/^@/, ''), search: q },
      from: placed(after, before),
    },
  };
}

export function placed<P>(
  after: P | undefined,
  before: P | undefined,
): { side: 'after' | 'before'; place: P } | undefined {
  if (after) return { side: 'after', place: after };
  return before ? { side: 'before', place: before } : undefined;
}

/** An empty field of a form is none. */
export function parseQuery<T>(schema: z.ZodType<T>, query: Query): Parsed<T> {
  const repeated = Object.entries(query).filter(([, values]) => values.length > 1);
  if (repeated.length > 0) {
    return {
      ok: false,
      problems: repeated.map(([name]) => `\`${name.slice(0, 40)}\` is there more than once.`),
    };
  }
  const given = Object.fromEntries(
    Object.entries(query).flatMap(([name, [value = '']]) => (value === '' ? [] : [[name, value]])),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return { ok: true, value: parsed.data };
  return {
    ok: false,
    problems: parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `There is no filter \`${key.slice(0, 40)}\`.`)
        : [`\`${String(issue.path[0]).slice(0, 40)}\` has to be ${issue.message}.`],
    ),
  };
}

/** Whether a text is the id of a command. */
export const CommandId = z.guid();

export const IssueAddress = z.object({
  repositoryId: RepositoryId,
  issueKey: z
    .string()
    .min(1)
    .max(120)
    .refine((key) => !controlCharacter.test(key)),
});

/** An address with what is asked for, without what is not. */
export function address(path: string, parts: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams(
    Object.entries(parts).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  ).toString();
  return query === '' ? path : `${path}?${query}`;
}
