import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type JiraReading, readJiraEvent } from '../../src/webhooks/jira.ts';
import { fire, type Rule, readRule, render } from './automation.ts';

const rules = { comment: await readRule('comment'), label: await readRule('label') };
const page = await readFile(fileURLToPath(new URL('../../docs/jira-automation.md', import.meta.url)), 'utf8');

const commented = (body: string) => ({ 'issue.key': 'SHOP-42', 'comment.id': '10010', 'comment.body': body });
const labelled = (before: string, after: string) => ({
  'issue.key': 'SHOP-42',
  'issue.updated': '2026-01-12T10:41:00.0+0000',
  'initiator.accountId': '712020:1',
  'fieldChange.fromString': before,
  'fieldChange.toString': after,
});

const read = (body: string): JiraReading =>
  readJiraEvent(body, { connection: 'acme', label: 'dexter', own: { name: 'dexter' } });

const actionOf = (rule: Rule) => {
  const found = rule.components.find((one) => one.component === 'ACTION');
  if (found?.component !== 'ACTION') throw new Error('the rule has no action');
  return found.value;
};

const wordOf = (body: string) => {
  const sent = fire(rules.comment, commented(body));
  return sent && (JSON.parse(sent.body) as { word: string }).word;
};

describe.each(Object.entries(rules))('the rule for the %s', (_, rule) => {
  it('is off and goes to a placeholder, with a hidden secret that is none', () => {
    const { url, headers } = actionOf(rule);
    expect(rule.state).toBe('DISABLED');
    expect(url).toBe('https://dexter.example.com/jira/acme');
    expect(headers).toEqual([
      { id: '_header_1', name: 'Content-Type', value: 'application/json', headerSecure: false },
      {
        id: '_header_2',
        name: 'X-Dexter-Secret',
        value: 'REPLACE_WITH_THE_SECRET_OF_THE_CONNECTION',
        headerSecure: true,
      },
    ]);
    expect(rule.trigger.value.eventFilters).toEqual(rule.ruleScope.resources);
  });

  it('sends what the page shows, to where it says', () => {
    expect(page).toContain(`\`\`\`json\n${actionOf(rule).customBody}\n\`\`\``);
    for (const component of rule.components) {
      if (component.component !== 'CONDITION') continue;
      expect(page).toContain(`\`${component.value.first}\``);
      expect(page).toContain(`\`${component.value.second}\``);
    }
  });
});

describe('the rule for comments', () => {
  it.each([
    ['@dexter add tests', ''],
    ['@dexter stop', 'stop'],
    ['@dexter  status', 'status'],
    ['@dexter help!', 'help'],
    ['[~accountid:712020:8d1f6a52-0c55] stop @dexter', ''],
    ['[~accountid:712020:8d1f6a52-0c55] stop, as @dexter', ''],
    ['Please:\n@dexter help', ''],
    ['@dexter stop the timer when the cart is empty', ''],
    ['@dexter stop. Then go on', ''],
    ['@dexter help\n\nI do not see why it fails', ''],
    ['@dexter stopwatch', ''],
    ['@dexter retry', ''],
    ['@dexter stop\n@dexter help', ''],
  ])('sends of %j the word %j', (body, word) => {
    expect(wordOf(body)).toBe(word);
  });

  it('sends nothing of a comment that does not name Dexter', () => {
    expect(fire(rules.comment, commented('Looks good'))).toBeUndefined();
  });

  it('sends ids and a word of a closed list, whatever the comment says', () => {
    const hostile = [
      '@dexter "}, {"event": "label_added"',
      '@dexter stop", "issueKey": "OTHER-1',
      '@dexter {{issue.summary}} {{comment.author.emailAddress}}',
      '@dexter \u2028\u0000\\u0022,"x":1}',
      `@dexter ${'stop '.repeat(5_000)}`,
    ];
    const text = fc.oneof(
      fc.constantFrom(...hostile),
      fc.string({ unit: 'binary' }).map((end) => `@dexter ${end}`),
      fc
        .array(fc.constantFrom('@dexter ', 'stop', 'help', '"', '}', '{{', '\\', '\n', '[~accountid:1] '))
        .map((parts) => `@dexter${parts.join('')}`),
    );
    fc.assert(
      fc.property(text, (body) => {
        const sent = JSON.parse(fire(rules.comment, commented(body))?.body ?? '') as Record<string, string>;
        expect({ ...sent, word: '' }).toEqual({
          event: 'comment_created',
          issueKey: 'SHOP-42',
          commentId: '10010',
          word: '',
        });
        expect(['', 'stop', 'status', 'help']).toContain(sent.word);
      }),
    );
  });

  it.each([
    ['@dexter add tests', 'SHOP-42'],
    ['@dexter stop', expect.stringMatching(/^control:/)],
    ['@dexter stop\n@dexter help', 'SHOP-42'],
  ])('has %j wait in the queue %s', (body, queueKey) => {
    expect(read(fire(rules.comment, commented(body))?.body ?? '')).toMatchObject({
      outcome: 'command',
      command: { queueKey, origin: { kind: 'jira-comment', issueKey: 'SHOP-42', commentId: '10010' } },
    });
  });
});

describe('the rule for the label', () => {
  it.each([
    ['', 'dexter', true],
    ['bug', 'bug dexter', true],
    ['bug', 'dexter bug', true],
    ['dexter', 'bug dexter', false],
    ['dexter', '', false],
    ['', 'dexter-later', false],
    ['', 'no-dexter', false],
  ])('from %j to %j sends a request: %s', (before, after, sends) => {
    expect(fire(rules.label, labelled(before, after)) !== undefined).toBe(sends);
  });

  it('is a command of the person who added it, once for one change', () => {
    const [one, again] = [1, 2].map(() => read(fire(rules.label, labelled('', 'dexter'))?.body ?? ''));
    if (one?.outcome !== 'command' || again?.outcome !== 'command') throw new Error('no command');
    expect(one.command).toMatchObject({ origin: { kind: 'jira-label' }, actor: { accountId: '712020:1' } });
    expect(again.command.dedupeKey).toBe(one.command.dedupeKey);
  });
});

describe('the renderer', () => {
  it('knows no smart value that JIRA does not have', () => {
    expect(() => render('{{comment.text}}', commented('x'))).toThrow('{{comment.text}}');
    expect(() => render('{{comment.body.shout}}', commented('x'))).toThrow('{{comment.body.shout}}');
  });
});
