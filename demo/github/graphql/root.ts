import { GraphQLError } from 'graphql';
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../json.ts';
import { addresses, type World } from '../world.ts';
import { connection, type Page } from './connection.ts';
import { actor, checkRun, issueComment, review, reviewComment, statusContext, threads } from './nodes.ts';
import type { Rest } from './rest.ts';

/**
 * The fields that Dexter asks for, answered from what the REST API of the simulation says to the same caller. A field
 * that is missing here is null; one that GitHub does not have is refused before this is asked.
 */
export function rootOf(world: World, rest: Rest): JsonObject {
  const { repo } = addresses(world);

  return {
    async repository({ owner, name }: { owner: string; name: string }) {
      const found = await rest.objectOrNot(`/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`);
      if (!found) throw missing(`Could not resolve to a Repository with the name '${owner}/${name}'.`);
      return {
        databaseId: numberAt(found, 'id'),
        name: textAt(found, 'name'),
        owner: { __typename: 'Organization', login: textAt(objectAt(found, 'owner'), 'login') },
        defaultBranchRef: { name: textAt(found, 'default_branch') },
        isPrivate: found.private === true,
        object: async ({ expression }: { expression: string }) => {
          const [ref = '', path = ''] = expression.split(':');
          const file = await rest.objectOrNot(`${repo}/contents/${path}?ref=${encodeURIComponent(ref)}`);
          if (!file) return null;
          return {
            __typename: 'Blob',
            text: Buffer.from(textAt(file, 'content'), 'base64').toString('utf8'),
          };
        },
        pullRequest: async ({ number }: { number: number }) => {
          const pull = await rest.objectOrNot(`${repo}/pulls/${number}`);
          if (!pull) throw missing(`Could not resolve to a PullRequest with the number of ${number}.`);
          return pullRequest(pull);
        },
        issueOrPullRequest: async ({ number }: { number: number }) => {
          const pull = await rest.objectOrNot(`${repo}/pulls/${number}`);
          if (pull) return pullRequest(pull);
          const found = await rest.objectOrNot(`${repo}/issues/${number}`);
          if (!found)
            throw missing(`Could not resolve to an issue or pull request with the number of ${number}.`);
          return issue(found);
        },
      };
    },

    async addReaction({ input: { subjectId, content } }: { input: { subjectId: string; content: string } }) {
      const subject = /^(IC|PRRC)_(\d+)$/.exec(subjectId);
      // The emulator knows no reactions to a review; on GitHub it has them.
      if (/^PRR_\d+$/.test(subjectId)) return { reaction: { content } };
      if (!subject) throw missing(`Could not resolve to a node with the global id of '${subjectId}'.`);
      const kind = subject[1] === 'IC' ? 'issues' : 'pulls';
      const path = `${repo}/${kind}/comments/${subject[2]}/reactions`;
      await rest.post(path, { content: content.toLowerCase() });
      return { reaction: { content } };
    },

    async addComment({ input: { subjectId, body } }: { input: { subjectId: string; body: string } }) {
      const number = /^(?:I|PR)_(\d+)$/.exec(subjectId)?.[1];
      if (!number) throw missing(`Could not resolve to a node with the global id of '${subjectId}'.`);
      const made = await rest.post(`${repo}/issues/${number}/comments`, { body });
      return { commentEdge: { node: issueComment(made) } };
    },

    async addPullRequestReviewThreadReply({ input }: { input: JsonObject }) {
      const thread = textAt(input, 'pullRequestReviewThreadId');
      const first = /^PRRT_(\d+)$/.exec(thread)?.[1];
      if (!first) throw missing(`Could not resolve to a node with the global id of '${thread}'.`);
      const opening = await rest.object(`${repo}/pulls/comments/${first}`);
      const number = /\d+$/.exec(textAt(opening, 'pull_request_url'))?.[0];
      const path = `${repo}/pulls/${number}/comments/${first}/replies`;
      return { comment: reviewComment(await rest.post(path, { body: textAt(input, 'body') })) };
    },
  };

  function described(type: string, prefix: string, value: JsonObject): JsonObject {
    const number = numberAt(value, 'number');
    return {
      __typename: type,
      id: `${prefix}_${number}`,
      number,
      title: textAt(value, 'title'),
      body: textAt(value, 'body'),
      url: textAt(value, 'html_url'),
      author: actor(value.user),
      authorAssociation: textAt(value, 'author_association') || 'NONE',
      comments: async (page: Page) =>
        connection((await rest.list(`${repo}/issues/${number}/comments`)).map(issueComment), page),
    };
  }

  function issue(value: JsonObject): JsonObject {
    return { ...described('Issue', 'I', value), state: textAt(value, 'state').toUpperCase() };
  }

  function pullRequest(pull: JsonObject): JsonObject {
    const number = numberAt(pull, 'number');
    const [head, base] = [objectAt(pull, 'head'), objectAt(pull, 'base')];
    return {
      ...described('PullRequest', 'PR', pull),
      state: pull.merged === true ? 'MERGED' : textAt(pull, 'state').toUpperCase(),
      headRefName: textAt(head, 'ref'),
      headRefOid: textAt(head, 'sha'),
      baseRefName: textAt(base, 'ref'),
      baseRefOid: textAt(base, 'sha'),
      isCrossRepository: numberAt(head.repo, 'id') !== numberAt(base.repo, 'id'),
      additions: numberAt(pull, 'additions'),
      deletions: numberAt(pull, 'deletions'),
      changedFiles: numberAt(pull, 'changed_files'),
      files: async (page: Page) =>
        connection((await rest.list(`${repo}/pulls/${number}/files`)).map(changedFile), page),
      reviews: async (page: Page) =>
        connection((await rest.list(`${repo}/pulls/${number}/reviews`)).map(review), page),
      reviewThreads: async (page: Page) => {
        const comments = await rest.list(`${repo}/pulls/${number}/comments`);
        return connection(threads(comments, world.resolvedThreads).map(withComments), page);
      },
      commits: (page: Page) =>
        connection([{ commit: { oid: textAt(head, 'sha'), ...checksOf(textAt(head, 'sha')) } }], page),
    };
  }

  function checksOf(commit: string): JsonObject {
    return {
      statusCheckRollup: async () => {
        const runs = await rest.list(`${repo}/commits/${commit}/check-runs`, 'check_runs');
        const all = [
          ...runs.map(checkRun),
          ...(await rest.list(`${repo}/commits/${commit}/statuses`)).map(statusContext),
        ];
        return all.length === 0 ? null : { contexts: (page: Page) => connection(all, page) };
      },
    };
  }
}

function withComments({ said, ...thread }: JsonObject): JsonObject {
  const all = Array.isArray(said) ? said.filter(isObject) : [];
  return { ...thread, comments: (page: Page) => connection(all, page) };
}

function changedFile(file: JsonObject): JsonObject {
  return {
    path: textAt(file, 'filename'),
    additions: numberAt(file, 'additions'),
    deletions: numberAt(file, 'deletions'),
  };
}

function missing(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type: 'NOT_FOUND' } });
}
