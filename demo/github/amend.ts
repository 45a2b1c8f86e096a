import { hunkAt } from './git.ts';
import { isObject, type JsonObject, numberAt, textAt } from './json.ts';
import type { PullRequests } from './pull-requests.ts';
import type { Reactions } from './reactions.ts';

export type AmendOptions = {
  pulls: PullRequests;
  reactions: Reactions;
  /** Review that each review comment belongs to. */
  reviewOf: Map<number, number>;
  app: { id: number; slug: string };
};
export type Amend = (value: unknown) => Promise<unknown>;

/**
 * Makes what the emulator says equal to what GitHub says, in answers and in webhook payloads alike. What a
 * JSON object is, is read from its `url`; text written by people is never looked at.
 */
export function createAmend({ pulls, reactions, reviewOf, app }: AmendOptions): Amend {
  async function amendObject(value: JsonObject): Promise<JsonObject> {
    const subject = /\/repos\/[^/]+\/[^/]+\/(.+)$/.exec(textAt(value, 'url'))?.[1] ?? '';
    const [kind = '', id = ''] = [subject.replace(/\/\d+$/, ''), subject.replace(/^.*\//, '')];
    switch (kind) {
      case 'pulls':
        return isObject(value.head) && isObject(value.base) ? pulls.amend(value) : value;
      case 'issues':
        return { ...value, ...pullRequestOf(value), reactions: reactions.summarise(subject, value) };
      case 'issues/comments':
        return { ...value, ...viaApp(value), reactions: reactions.summarise(subject, value) };
      case 'pulls/comments':
        return {
          ...(await amendReviewComment(value, Number(id))),
          reactions: reactions.summarise(subject, value),
        };
      default:
        return value;
    }
  }

  /** The emulator has no `issue.pull_request`, by which one tells a comment on a pull request. */
  function pullRequestOf(issue: JsonObject): JsonObject {
    if (!pulls.has(numberAt(issue, 'number'))) return {};
    const page = textAt(issue, 'html_url').replace(/\/issues\/(\d+)$/, '/pull/$1');
    const url = textAt(issue, 'url').replace(/\/issues\/(\d+)$/, '/pulls/$1');
    return {
      html_url: page,
      pull_request: {
        url,
        html_url: page,
        diff_url: `${page}.diff`,
        patch_url: `${page}.patch`,
        merged_at: null,
      },
    };
  }

  function viaApp(comment: JsonObject): JsonObject {
    if (textAt(comment.user, 'login') !== `${app.slug}[bot]`) return {};
    return {
      performed_via_github_app: { id: app.id, slug: app.slug, node_id: `A_${app.id}`, name: app.slug },
    };
  }

  async function amendReviewComment(comment: JsonObject, id: number): Promise<JsonObject> {
    const { in_reply_to_id: parent, ...rest } = comment;
    const number = Number(/\d+$/.exec(textAt(comment, 'pull_request_url'))?.[0]);
    const { body: pull } = await pulls.read(number);
    const files = isObject(pull) ? (await pulls.comparisonOf(pull)).files : [];
    const file = files.find((changed) => changed.filename === comment.path);
    const line = numberAt(comment, 'line');
    return {
      ...rest,
      ...(typeof parent === 'number' ? { in_reply_to_id: parent } : {}),
      original_line: comment.line ?? null,
      diff_hunk: file ? hunkAt(file.patch, line) : '',
      pull_request_review_id: reviewOf.get(id) ?? comment.pull_request_review_id ?? null,
    };
  }

  async function amend(value: unknown): Promise<unknown> {
    if (Array.isArray(value)) {
      const items: unknown[] = [];
      for (const item of value) items.push(await amend(item));
      return items;
    }
    if (!isObject(value)) return value;
    const members: JsonObject = {};
    for (const [key, member] of Object.entries(value)) members[key] = await amend(member);
    return amendObject(members);
  }
  return amend;
}
