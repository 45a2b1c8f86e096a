import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** What of JIRA Cloud's export of automation rules our rules use; anything else is a mistake in them. */
const part = { id: z.uuid(), parentId: z.null(), conditionParentId: z.null(), conditions: z.tuple([]) };
const rest = { children: z.tuple([]), connectionId: z.null(), checksum: z.null() };
const Scope = z.array(z.string().regex(/^ari:cloud:jira:[0-9a-f-]{36}:project\/\d+$/)).length(1);

const Trigger = z.discriminatedUnion('type', [
  z.strictObject({
    ...part,
    ...rest,
    component: z.literal('TRIGGER'),
    type: z.literal('jira.issue.event.trigger:commented'),
    value: z.strictObject({ eventTypes: z.tuple([z.literal('PRIMARY_ACTION')]), eventFilters: Scope }),
    schemaVersion: z.literal(1),
  }),
  z.strictObject({
    ...part,
    ...rest,
    component: z.literal('TRIGGER'),
    type: z.literal('jira.issue.field.changed'),
    value: z.strictObject({
      eventFilters: Scope,
      changeType: z.literal('ANY_CHANGE'),
      fields: z.tuple([z.strictObject({ value: z.literal('Labels'), type: z.literal('fieldName') })]),
      actions: z.tuple([]),
    }),
    schemaVersion: z.literal(2),
  }),
]);

const Condition = z.strictObject({
  ...part,
  ...rest,
  component: z.literal('CONDITION'),
  type: z.literal('jira.comparator.condition'),
  value: z.strictObject({
    first: z.string(),
    second: z.string(),
    operator: z.enum(['CONTAINS', 'REGEX_MATCHES', 'REGEX_NOT_MATCHES']),
  }),
  schemaVersion: z.literal(1),
});

const Action = z.strictObject({
  ...part,
  ...rest,
  component: z.literal('ACTION'),
  type: z.literal('jira.issue.outgoing.webhook'),
  value: z.strictObject({
    url: z.url(),
    urlSecure: z.literal(false),
    headers: z.array(
      z.strictObject({ id: z.string(), name: z.string(), value: z.string(), headerSecure: z.boolean() }),
    ),
    sendIssue: z.literal(false),
    contentType: z.literal('custom'),
    customBody: z.string(),
    method: z.literal('POST'),
    responseEnabled: z.literal(true),
    continueOnErrorEnabled: z.literal(false),
  }),
  schemaVersion: z.literal(1),
});

const Rule = z.looseObject({
  name: z.string(),
  state: z.literal('DISABLED'),
  trigger: Trigger,
  components: z.array(z.discriminatedUnion('component', [Condition, Action])),
  canOtherRuleTrigger: z.literal(false),
  ruleScope: z.strictObject({ resources: Scope }),
});
export type Rule = z.infer<typeof Rule>;

const Export = z.strictObject({ cloud: z.literal(true), rules: z.tuple([Rule]) });

/** The one rule of an example. */
export async function readRule(name: 'comment' | 'label'): Promise<Rule> {
  const file = new URL(`../../examples/jira-rule-${name}.json`, import.meta.url);
  return Export.parse(JSON.parse(await readFile(fileURLToPath(file), 'utf8'))).rules[0];
}

/** The smart values that an event of JIRA has, by their names; what is not in here does not exist. */
export type SmartValues = Record<string, string>;

export interface WebRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
}

/** What the rule sends when its trigger fires: undefined when one of its conditions does not hold. */
export function fire(rule: Rule, values: SmartValues): WebRequest | undefined {
  for (const component of rule.components) {
    if (component.component === 'CONDITION') {
      if (!holds(component.value, values)) return undefined;
      continue;
    }
    const { url, method, headers, customBody } = component.value;
    return {
      url,
      method,
      headers: Object.fromEntries(headers.map(({ name, value }) => [name, value])),
      body: render(customBody, values),
    };
  }
  throw new Error(`the rule ${rule.name} does nothing`);
}

function holds(
  { first, second, operator }: z.infer<typeof Condition>['value'],
  values: SmartValues,
): boolean {
  const [text, wanted] = [render(first, values), render(second, values)];
  if (operator === 'CONTAINS') return text.includes(wanted);
  return new RegExp(`^(?:${wanted})$`).test(text) === (operator === 'REGEX_MATCHES');
}

/**
 * Smart values as JIRA documents them: a value, with a function of text behind it or none. JIRA renders a name that
 * it does not know as nothing; here it is an error.
 * https://support.atlassian.com/cloud-automation/docs/jira-smart-values-text-fields/
 */
export function render(template: string, values: SmartValues): string {
  return template.replaceAll(/\{\{(.*?)\}\}/gs, (_, expression: string) => {
    const match = /^([a-zA-Z.]+)\.match\("([^"]*)"\)$/.exec(expression);
    if (match) return matched(smartValue(match[1] ?? '', values), match[2] ?? '');
    return smartValue(expression, values);
  });
}

function smartValue(name: string, values: SmartValues): string {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) throw new Error(`JIRA has no smart value {{${name}}} here`);
  return value;
}

/** The group of each place that matches; several are a list, which JIRA writes with commas. */
function matched(text: string, pattern: string): string {
  // Java and JavaScript differ in what goes beyond this.
  if (!/^[\w@.~()?:|[\]+*!^$, -]*$/.test(pattern))
    throw new Error(`the pattern ${pattern} may mean something else in Java`);
  return [...text.matchAll(new RegExp(pattern, 'g'))].map(([, group]) => group ?? '').join(', ');
}
