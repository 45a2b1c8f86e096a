import type { z } from 'zod';

/** Something that people wrote and that cannot be used. */
export interface Mistake {
  /** Where it stands: names of settings and places in lists, the outermost first. */
  path: string[];
  /** What is wrong with it, to follow its name: `must be a number from 0 to 5`, `is not set`. */
  says: string;
}

export type Read<Value> = { outcome: 'read'; value: Value } | { outcome: 'wrong'; mistakes: Mistake[] };

/**
 * Reads what people wrote, or says all that is wrong with it. A schema's own messages say what is wanted
 * (`a number from 0 to 5`), or begin with the verb (`is above the other`); the library's are put into words here.
 * Nothing of a value is repeated: it may be a secret.
 */
export function readAs<Value>(schema: z.ZodType<Value>, given: unknown): Read<Value> {
  const parsed = schema.safeParse(given, { error: wanted, reportInput: true });
  if (parsed.success) return { outcome: 'read', value: parsed.data };
  const { issues } = parsed.error;
  // Where a list is wanted, the library measures a text as well.
  const ofWrongKind = new Set(issues.filter(({ code }) => code === 'invalid_type').map(placeOf));
  const told = issues.filter((issue) => !issue.code.startsWith('too_') || !ofWrongKind.has(placeOf(issue)));
  return { outcome: 'wrong', mistakes: told.flatMap(mistakesOf) };
}

function placeOf({ path }: z.core.$ZodIssue): string {
  return JSON.stringify(path.map(String));
}

/** One mistake with its place, in backticks; `whole` is what all of it is called, such as `the file`. */
export function mistakeText({ path, says }: Mistake, whole: string): string {
  const name = path
    .join('.')
    .replaceAll(/[`\s\p{Cc}]+/gu, ' ')
    .slice(0, 200);
  return name === '' ? `${whole} ${says}` : `\`${name}\` ${says}`;
}

function mistakesOf(issue: z.core.$ZodIssue): Mistake[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], says: 'is not a known setting' }));
  if (issue.code === 'invalid_key') {
    const reasons = issue.issues.map(({ message }) => message);
    return [{ path, says: `has a wrong name: it must be ${reasons.join(', and ')}` }];
  }
  return [{ path, says: saysOf(issue) }];
}

function saysOf({ code, input, message }: z.core.$ZodIssue): string {
  if (/^(?:is|has|goes|holds|names|gives) /.test(message)) return message;
  if (input === undefined && code !== 'custom') return 'is not set';
  return message.startsWith('must ') ? message : `must be ${message}`;
}

/** What is wanted where the schema does not say so itself. */
function wanted(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.expected === 'boolean') return '`true` or `false`';
      return `${kinds[issue.expected] ?? issue.expected}, not ${kindOf(issue.input)}`;
    case 'invalid_format':
      return formats[issue.format] ?? 'written in another way';
    case 'invalid_value':
      return `${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map((value) => `\`${String(value)}\``).join(', ')}`;
    case 'invalid_union':
      return unionOf(issue.errors.flat());
    case 'too_small':
      return boundOf(issue.inclusive === false ? 'more than' : 'at least', issue.minimum, issue.origin);
    case 'too_big':
      return boundOf(issue.inclusive === false ? 'less than' : 'at most', issue.maximum, issue.origin);
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    default:
      return 'something else';
  }
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a map (`name: value`)',
  record: 'a map (`name: value`)',
};

const formats: Readonly<Record<string, string>> = {
  url: 'an http(s) address',
  email: 'an email address',
  uuid: 'a UUID',
  datetime: 'a date and time, such as `2026-05-04T03:02:01Z`',
};

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      if (!Number.isFinite(value)) return String(value);
      return Number.isInteger(value) ? 'a number' : 'a fraction';
    case 'boolean':
      return '`true` or `false`';
    default:
      return 'a map';
  }
}

/** What each form is to be; of one that fits on the outside, what is inside has a place of its own to be wrong at. */
function unionOf(issues: readonly z.core.$ZodIssue[]): string {
  const forms = issues
    .filter(({ path }) => path.length === 0)
    .map(({ message }) => message.split(', not ')[0]);
  return forms.length === 0 ? 'written in another way' : [...new Set(forms)].join(' or ');
}

function boundOf(words: string, bound: number | bigint, origin: string): string {
  if (origin === 'string') return `${words} ${bound} ${bound === 1 ? 'character' : 'characters'} long`;
  if (origin === 'array' || origin === 'set') return `a list of ${words} ${bound}`;
  return `${words} ${bound}`;
}
