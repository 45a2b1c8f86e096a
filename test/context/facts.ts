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

const comment = fc.record({ id: count, author: text, createdAt: fc.constant('2026-01-01'), text });

const conversation = { comments: fc.array(comment, { maxLength: 8 }), olderComments: count };

const thread = fc.record({
  path: text,
  line: fc.option(count, { nil: undefined }),
  hunk: text,
  comments: fc.array(comment, { maxLength: 3 }),
});

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
          edited: fc.boolean(),
        }),
        { maxLength: 8 },
      ),
      olderComments: count,
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
    fc.record({
      number: fc.constant(5),
      title: text,
      body: text,
      url: fc.constant('https://github.com/acme/shop/pull/5'),
      branch: fc.constant('main-2'),
      base: fc.constant('main'),
      sameRepository: fc.constant(true),
      state: fc.constant('open' as const),
      ...conversation,
    }),
  ),
  thread: maybe(thread),
  reviewLines: maybe(fc.array(thread, { maxLength: 4 })),
});
