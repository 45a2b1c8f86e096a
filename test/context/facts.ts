import fc from 'fast-check';
import type { ContextFacts } from '../../src/context/render.ts';

/** Texts from nothing to more than fits, and of everything. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '```', '\n\n', '"\\', '\u0000'),
  fc
    .tuple(fc.constantFrom('x', '"', '😀', '`\n'), fc.nat({ max: 40_000 }))
    .map(([one, times]) => one.repeat(times)),
);

const count = fc.nat({ max: 100_000 });

const association = fc.constantFrom('OWNER', 'MEMBER', 'NONE');

const comment = fc.record(
  {
    id: count,
    author: text,
    association,
    createdAt: fc.constant('2026-01-01'),
    updatedAt: fc.constantFrom('2026-01-01', '2026-01-02'),
    text,
  },
  { requiredKeys: ['id', 'author', 'createdAt', 'text'] },
);

const conversation = { comments: fc.array(comment, { maxLength: 8 }), olderComments: count };

const other = fc.record({ key: fc.constant('DX-2'), summary: fc.string(), status: fc.string() });

const thread = fc.record(
  {
    path: text,
    line: fc.option(count, { nil: undefined }),
    hunk: text,
    comments: fc.array(comment, { maxLength: 3 }),
    olderComments: count,
    isOutdated: fc.boolean(),
  },
  { requiredKeys: ['path', 'line', 'hunk', 'comments'] },
);

/** How a pull request stands, as far as GitHub tells. */
const state = {
  author: text,
  association,
  diff: fc.record({
    additions: count,
    deletions: count,
    changedFiles: count,
    files: fc.array(fc.record({ path: text, additions: count, deletions: count }), { maxLength: 100 }),
  }),
  reviews: fc.array(
    fc.record({
      id: count,
      author: text,
      association,
      createdAt: fc.constant('2026-01-01'),
      text,
      state: fc.constantFrom('APPROVED', 'CHANGES_REQUESTED'),
    }),
    { maxLength: 5 },
  ),
  olderReviews: count,
  threads: fc.array(thread, { maxLength: 25 }),
  olderThreads: count,
  checks: fc.record({
    failing: fc.array(
      fc.record({ name: text, conclusion: fc.constant('FAILURE'), url: text, title: text, summary: text }),
      { maxLength: 12 },
    ),
    passed: count,
    pending: count,
    others: count,
  }),
  unreadable: fc.array(fc.constantFrom('the checks', 'the reviews'), { maxLength: 2 }),
};

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** Whatever a ticket, a pull request and their comments may hold. */
export const contextFacts: fc.Arbitrary<ContextFacts> = fc.record({
  ticket: maybe(
    fc.record({
      key: fc.constant('DX-1'),
      url: text,
      summary: text,
      description: text,
      status: text,
      type: text,
      priority: text,
      labels: fc.array(text, { maxLength: 3 }),
      comments: fc.array(
        fc.record({
          id: fc.constant('1'),
          text,
          author: fc.record({ accountId: fc.constant('a'), displayName: text }),
          createdAt: fc.constant('2026-01-01'),
          updatedAt: fc.constant('2026-01-02'),
          edited: fc.boolean(),
          invisible: count,
        }),
        { maxLength: 8 },
      ),
      olderComments: count,
      components: fc.array(text, { maxLength: 2 }),
      fixVersions: fc.array(text, { maxLength: 2 }),
      subtasks: fc.array(other, { maxLength: 60 }),
      linkedIssues: fc.array(
        fc.record({ relation: text, key: fc.constant('DX-2'), summary: text, status: text }),
        {
          maxLength: 3,
        },
      ),
      attachments: fc.array(
        fc.record({
          id: fc.constant('7'),
          name: text,
          fileName: fc.constant('a.txt'),
          mimeType: fc.constant('text/plain'),
          bytes: count,
          createdAt: fc.constant('2026-01-01'),
          author: text,
        }),
        { maxLength: 3 },
      ),
      remoteLinks: fc.array(fc.record({ title: text, url: text, relation: text }), { maxLength: 3 }),
      updatedAt: fc.constant('2026-01-01'),
      invisible: count,
    }),
  ),
  issue: maybe(
    fc.record({
      number: fc.constant(3),
      title: text,
      body: text,
      url: text,
      ...conversation,
    }),
  ),
  pullRequest: maybe(
    fc.record(
      {
        number: fc.constant(5),
        title: text,
        body: text,
        url: fc.constant('https://github.com/acme/shop/pull/5'),
        branch: fc.constant('main-2'),
        base: fc.constant('main'),
        sameRepository: fc.constant(true),
        state: fc.constant('open' as const),
        ...conversation,
        ...state,
      },
      {
        requiredKeys: [
          'number',
          'title',
          'body',
          'url',
          'branch',
          'base',
          'sameRepository',
          'state',
          'comments',
          'olderComments',
        ],
      },
    ),
  ),
  thread: maybe(thread),
  reviewLines: maybe(fc.array(thread, { maxLength: 4 })),
});
