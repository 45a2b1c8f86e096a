import { describe, expect, it } from 'vitest';
import { type JiraEventOptions, readJiraEvent } from '../../src/webhooks/jira.ts';

const options: JiraEventOptions = {
  connection: 'acme',
  label: 'dexter',
  own: { name: 'dexter', accountId: 'own' },
};

const read = (event: unknown, some: Partial<JiraEventOptions> = {}) =>
  readJiraEvent(JSON.stringify(event), { ...options, ...some });
const command = (event: unknown, some: Partial<JiraEventOptions> = {}) => {
  const reading = read(event, some);
  if (reading.outcome !== 'command') throw new Error(reading.reason);
  return reading.command;
};

const mention = (id: string, text: string) => ({
  type: 'doc',
  version: 1,
  content: [
    {
      type: 'paragraph',
      content: [
        { type: 'mention', attrs: { id, text } },
        { type: 'text', text: ' go' },
      ],
    },
  ],
});

const rule = { event: 'comment_created', issueKey: 'DX-1', commentId: '10001', comment: '@dexter add tests' };
const ruleLabel = {
  event: 'label_added',
  issueKey: 'DX-1',
  label: 'dexter',
  accountId: 'maria',
  displayName: 'Maria',
  at: '2026-01-01T00:00:00.000+0000',
};
const admin = {
  timestamp: 1,
  webhookEvent: 'comment_created',
  issue: { id: '1', key: 'DX-1', fields: {} },
  comment: { id: '10001', body: '@dexter add tests', author: { accountId: 'maria', displayName: 'Maria' } },
};
const labelItem = (from: string | null, to: string | null) => ({
  field: 'labels',
  fieldtype: 'jira',
  from: null,
  fromString: from,
  to: null,
  toString: to,
});
const updated = (...items: unknown[]) => ({
  webhookEvent: 'jira:issue_updated',
  issue: { key: 'DX-1' },
  user: { accountId: 'maria', displayName: 'Maria' },
  changelog: { id: '20001', items },
});

describe('readJiraEvent', () => {
  it('makes a command of a comment that the rule sends', () => {
    expect(command(rule)).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      dedupeKey: 'jira:acme:comment:10001',
      origin: { kind: 'jira-comment', connection: 'acme', issueKey: 'DX-1', commentId: '10001' },
      actor: { from: 'jira', accountId: '', displayName: 'somebody' },
      issueKey: 'DX-1',
      queueKey: 'DX-1',
      claimedText: null,
    });
  });

  it('makes the same command of the same comment from the admin webhook', () => {
    expect(command(admin)).toEqual({
      ...command(rule),
      id: expect.any(String),
      actor: { from: 'jira', accountId: 'maria', displayName: 'Maria' },
    });
  });

  it('makes a command of the label', () => {
    expect(command(ruleLabel)).toEqual({
      id: expect.any(String),
      dedupeKey: 'jira:acme:label:DX-1:2026-01-01T00:00:00.000+0000',
      origin: { kind: 'jira-label', connection: 'acme', issueKey: 'DX-1', label: 'dexter' },
      actor: { from: 'jira', accountId: 'maria', displayName: 'Maria' },
      issueKey: 'DX-1',
      queueKey: 'DX-1',
      claimedText: null,
    });
    expect(command(updated(labelItem('bug', 'bug dexter')))).toMatchObject({
      dedupeKey: 'jira:acme:label:DX-1:20001',
      origin: { kind: 'jira-label', label: 'dexter' },
      actor: { accountId: 'maria' },
    });
  });

  it('makes a command of the label by a user of Server, who has a name and no account id', () => {
    const event = { ...updated(labelItem('', 'dexter')), user: { name: 'mlang', displayName: 'Maria' } };
    expect(command(event)).toMatchObject({
      origin: { kind: 'jira-label' },
      actor: { accountId: 'mlang', displayName: 'Maria' },
    });
  });

  it.each(['stop', 'status', 'help'])('has a comment that is the word %s not wait for its turn', (word) => {
    const { comment: _, ...ids } = rule;
    const { id, queueKey } = command({ ...ids, word });
    expect(queueKey).toBe(`control:${id}`);
  });

  it.each(['', 'retry', 'forget', 'stop, help', 7, null, { word: 'stop' }])(
    'has a comment of which the rule says %j wait for its turn',
    (word) => {
      const { comment: _, ...ids } = rule;
      expect(command({ ...ids, word }).queueKey).toBe('DX-1');
    },
  );

  it('believes the text of a comment rather than the word', () => {
    expect(command({ ...rule, word: 'stop' }).queueKey).toBe('DX-1');
  });

  it.each([
    ['10001', '10001'],
    [10001, '10001'],
  ])('takes the comment id %j', (id, commentId) => {
    expect(command({ ...rule, commentId: id }).origin).toMatchObject({ commentId });
    expect(command({ ...admin, comment: { ...admin.comment, id } }).dedupeKey).toBe(
      'jira:acme:comment:10001',
    );
  });

  it.each<[string, unknown, boolean]>([
    ['text', '@dexter go', true],
    ['wiki markup', '[~accountid:own] go', true],
    ['a document that mentions Dexter by id', mention('own', '@Some Bot'), true],
    ['a document that mentions Dexter by name', mention('x', '@Dexter'), true],
    ['a document that mentions somebody else', mention('x', '@Maria'), false],
    ['text to nobody', 'looks good', false],
    ['a quote', 'bq. @dexter go', false],
    ['code', '{code}\n@dexter go\n{code}', false],
    ['no text, which is read again anyway', null, true],
    ['an empty text, which is read again anyway', '', true],
  ])('reads %s', (_name, body, isCommand) => {
    const outcome = isCommand ? 'command' : 'ignored';
    expect(read({ ...rule, comment: body }).outcome).toBe(outcome);
    expect(read({ ...admin, comment: { ...admin.comment, body } }).outcome).toBe(outcome);
  });

  it('keeps a comment that mentions an account while its own is not known', () => {
    const own = { name: 'dexter' };
    expect(command({ ...rule, comment: mention('x', '@Some Bot') }, { own }).queueKey).toBe('DX-1');
    expect(command({ ...rule, comment: '[~accountid:x] go' }, { own }).queueKey).toBe('DX-1');
    expect(read({ ...rule, comment: 'looks good' }, { own }).outcome).toBe('ignored');
  });

  it('lets what is answered at once not wait for its turn', () => {
    const { id, queueKey } = command({ ...rule, comment: '@dexter status' });
    expect(queueKey).toBe(`control:${id}`);
    expect(command({ ...rule, comment: '@dexter retry' }).queueKey).toBe('DX-1');
    expect(command({ ...rule, comment: undefined }).queueKey).toBe('DX-1');
  });

  it('ignores its own comments', () => {
    const author = { accountId: 'own', displayName: 'Dexter' };
    expect(read({ ...admin, comment: { ...admin.comment, author } })).toEqual({
      outcome: 'ignored',
      reason: 'written by Dexter',
    });
  });

  it('takes a comment without an author for one of nobody known', () => {
    for (const author of [null, undefined, {}, { accountId: null, displayName: null }]) {
      expect(command({ ...admin, comment: { ...admin.comment, author } }).actor).toEqual({
        from: 'jira',
        accountId: '',
        displayName: 'somebody',
      });
    }
  });

  it.each([
    'comment_updated',
    'comment_deleted',
    'jira:issue_created',
    'jira:issue_deleted',
    'worklog_created',
    '__proto__',
    'x'.repeat(5000),
  ])('ignores the event %.20s', (webhookEvent) => {
    const reading = read({ ...admin, webhookEvent });
    expect(reading).toMatchObject({ outcome: 'ignored' });
    if (reading.outcome === 'ignored') expect(reading.reason.length).toBeLessThan(100);
  });

  it.each<[string, unknown[], boolean]>([
    ['added to none', [labelItem('', 'dexter')], true],
    ['added to none, told as null', [labelItem(null, 'dexter')], true],
    ['added to others', [labelItem('a b', 'a dexter b')], true],
    ['added beside other changes', [{ field: 'status', toString: 'Done' }, labelItem('', 'dexter')], true],
    ['there already', [labelItem('dexter', 'dexter bug')], false],
    ['removed', [labelItem('dexter', '')], false],
    ['removed, told as null', [labelItem('dexter', null)], false],
    ['a part of another one', [labelItem('', 'dexter-later')], false],
    ['written otherwise', [labelItem('', 'Dexter')], false],
    ['the value of another field', [{ ...labelItem('', 'dexter'), field: 'summary' }], false],
    ['not told', [{ field: 'labels' }], false],
    ['not a text', [{ field: 'labels', toString: ['dexter'] }], false],
    ['nothing that becomes a text', [{ field: 'labels', toString: { toString: 1, valueOf: 1 } }], false],
    ['not in the change at all', [], false],
  ])('starts by the label when it was %s', (_name, items, isCommand) => {
    expect(read(updated(...items)).outcome).toBe(isCommand ? 'command' : 'ignored');
  });

  it('starts by the configured label only', () => {
    expect(read(ruleLabel, { label: 'robot' }).outcome).toBe('ignored');
    expect(read(updated(labelItem('', 'dexter robot')), { label: 'robot' }).outcome).toBe('command');
    expect(read(updated(labelItem('', 'constructor')), { label: 'toString' }).outcome).toBe('ignored');
  });

  it('ignores a change of a ticket without a changelog', () => {
    const { changelog, ...rest } = updated();
    expect(changelog).toBeDefined();
    expect(read(rest).outcome).toBe('ignored');
  });

  it('tells two additions of the label apart, and knows each again', () => {
    const event = updated(labelItem('', 'dexter'));
    const { id, ...changelog } = event.changelog;
    expect(id).toBe('20001');
    const without = { ...event, changelog };
    expect(command(event).dedupeKey).not.toBe(
      command({ ...event, changelog: { ...changelog, id: 20002 } }).dedupeKey,
    );
    expect(command(without).dedupeKey).toBe(command(without).dedupeKey);
    expect(command(without).dedupeKey).not.toBe(command({ ...without, timestamp: 2 }).dedupeKey);
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a list', []],
    ['a text', 'comment_created'],
    ['an unknown event of the rule', { ...rule, event: 'comment_edited' }],
    ['no event', { issueKey: 'DX-1' }],
    ['no issue key', { ...rule, issueKey: undefined }],
    ['an issue key that is none', { ...rule, issueKey: 'DX-1/../2' }],
    ['an issue key in lower case', { ...rule, issueKey: 'dx-1' }],
    ['no comment id', { ...rule, commentId: undefined }],
    ['a comment id that is a path', { ...rule, commentId: '1/../2' }],
    ['a comment id below one', { ...rule, commentId: 0 }],
    ['half a comment id', { ...rule, commentId: 1.5 }],
    ['a label without an account', { ...ruleLabel, accountId: '' }],
    ['a label without a time', { ...ruleLabel, at: undefined }],
    ['an event that is no text', { ...admin, webhookEvent: 5 }],
    ['an admin event without a comment', { ...admin, comment: undefined }],
    ['an admin event without an issue', { ...admin, issue: undefined }],
    ['an admin event with a wrong issue key', { ...admin, issue: { key: '../x' } }],
    ['an admin event with a wrong comment id', { ...admin, comment: { ...admin.comment, id: 'x' } }],
    ['a label of a wrong issue', { ...updated(labelItem('', 'dexter')), issue: { key: 'x' } }],
    ['a label that nobody added', { ...updated(labelItem('', 'dexter')), user: null }],
    ['a changelog without items', { ...updated(), changelog: { id: '1' } }],
  ])('says what is wrong with %s', (_name, event) => {
    expect(read(event)).toEqual({ outcome: 'invalid', reason: expect.stringMatching(/\S/) });
  });

  it.each(['', '{', 'event=comment_created', '\0', '{"event":"comment_created"'])(
    'takes %j for no JSON',
    (body) => {
      expect(readJiraEvent(body, options)).toEqual({ outcome: 'invalid', reason: 'The body is not JSON.' });
    },
  );

  it('reads a document that is nested without end', () => {
    const depth = 200_000;
    const comment = `${'{"type":"panel","content":['.repeat(depth)}${']}'.repeat(depth)}`;
    const body = JSON.stringify({ ...rule, comment: 'HERE' }).replace('"HERE"', comment);
    expect(readJiraEvent(body, options)).toMatchObject({ outcome: 'ignored' });
  });
});
