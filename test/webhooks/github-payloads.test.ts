import { describe, expect, it } from 'vitest';
import { readIssueComment } from '../../src/webhooks/issue-comment.ts';
import { BadPayload } from '../../src/webhooks/payload.ts';
import { readReview } from '../../src/webhooks/review.ts';
import { readReviewComment } from '../../src/webhooks/review-comment.ts';

const user = { id: 9, login: 'maria', type: 'User', site_admin: false };
const common = {
  action: 'created',
  installation: { id: 11, node_id: 'x' },
  repository: { id: 22, name: 'shop', full_name: 'acme/shop', owner: { login: 'acme', id: 33 } },
  sender: user,
};
const written = { id: 44, body: '@dexter add tests', user };

const payloads = {
  'issue comment': {
    read: readIssueComment,
    payload: {
      ...common,
      issue: { number: 5, title: 'DX-1: Shop', pull_request: { url: 'u' } },
      comment: written,
    },
    part: 'comment',
    place: 'issue',
    kind: 'github-comment',
    event: 'comment:44',
  },
  'review comment': {
    read: readReviewComment,
    payload: { ...common, pull_request: { number: 5, title: 'DX-1: Shop' }, comment: written },
    part: 'comment',
    place: 'pull_request',
    kind: 'github-review-comment',
    event: 'review-comment:44',
  },
  review: {
    read: readReview,
    payload: { ...common, pull_request: { number: 5, title: 'DX-1: Shop' }, review: written },
    part: 'review',
    place: 'pull_request',
    kind: 'github-review',
    event: 'review:44',
  },
};
const each = Object.entries(payloads);

/** The payload with one member at a dotted path replaced, or removed when there is no value. */
function changed(payload: object, path: string, value: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(payload)) as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop() ?? '';
  const parent = names.reduce((at, name) => at[name] as Record<string, unknown>, copy);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

describe.each(each)('the payload of a %s', (_name, { read, payload, part, place, kind, event }) => {
  it('says who asked what and where', () => {
    const comment = read(payload);
    expect(comment).toEqual({
      origin: {
        kind,
        installationId: 11,
        repository: { id: 22, owner: 'acme', name: 'shop' },
        number: 5,
        [kind === 'github-review' ? 'reviewId' : 'commentId']: 44,
      },
      actor: { from: 'github', id: 9, login: 'maria', type: 'User' },
      text: '@dexter add tests',
      event,
      pullRequestTitle: 'DX-1: Shop',
    });
  });

  it('may hold no text', () => {
    expect(read(changed(payload, `${part}.body`, null)).text).toBeNull();
  });

  it('tells who wrote it, not who sent it', () => {
    expect(read(changed(payload, 'sender.login', 'somebody')).actor.login).toBe('maria');
    expect(read(changed(payload, `${part}.user.type`, 'Bot')).actor.type).toBe('Bot');
  });

  it.each([
    ['installation', undefined],
    ['installation.id', undefined],
    ['installation.id', '11'],
    ['installation.id', 0],
    ['repository', undefined],
    ['repository.id', '22'],
    ['repository.id', 2.5],
    ['repository.name', undefined],
    ['repository.owner', null],
    ['repository.owner.login', 5],
    [`${part}`, undefined],
    [`${part}`, []],
    [`${part}.id`, '44'],
    [`${part}.id`, -1],
    [`${part}.body`, undefined],
    [`${part}.body`, { type: 'doc' }],
    [`${part}.user`, null],
    [`${part}.user.login`, undefined],
    [`${part}.user.type`, 5],
    [`${place}`, undefined],
    [`${place}.number`, '5'],
    [`${place}.number`, 0],
    [`${place}.number`, 1.5],
    [`${place}.number`, 1e15],
    [`${place}.title`, null],
  ])('is refused with its place when %s is %j', (path, value) => {
    const wrong = changed(payload, path, value);
    expect(() => read(wrong)).toThrow(BadPayload);
    expect(() => read(wrong)).toThrow(path.split('.')[0]);
  });

  it.each([[null], [undefined], ['text'], [5], [[]], [{}]])('is not %j', (wrong) => {
    expect(() => read(wrong)).toThrow(BadPayload);
  });
});

describe('the payload of an issue comment', () => {
  it('has the title of a pull request only when it is one', () => {
    const { payload } = payloads['issue comment'];
    expect(
      readIssueComment(changed(payload, 'issue.pull_request', undefined)).pullRequestTitle,
    ).toBeUndefined();
    expect(readIssueComment(changed(payload, 'issue.pull_request', null)).pullRequestTitle).toBeUndefined();
  });
});
