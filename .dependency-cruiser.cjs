// Import rules (docs: CONTRIBUTING.md). Imports go one way: programs -> features -> adapters -> core.
// test/architecture.test.ts breaks each of these rules once and sees it caught.

const features =
  'api|webhooks|health|jobs|sessions|workspace|dashboard|cli|runner-api|commands|report|context|onboarding|metrics|alerts|logging';
const adapters = 'github|jira|stores|caches|engines|dispatch|ledger|queue|mcp';
const pure = 'pricing|prompt-cache';

const inFeatures = `^src/(?:${features})/`;
const inAdapters = `^src/(?:${adapters})/`;
const inPure = `^src/(?:${pure})/`;
const compositionRoots = '^src/(?:app|server|cli)[.]ts$';

/** A package in node_modules, or its types. */
const packages = (names) => `(?:^|/)node_modules/(?:@types/)?(?:${names})/`;

/**
 * One vendor SDK in one folder: what a vendor calls things, and how it fails, is translated there into our
 * own words. `types` lists where its types may be named as well.
 */
const vendors = [
  {
    name: 'octokit',
    names: 'octokit|probot|@probot/[^/]+|@octokit/(?!webhooks-methods/)[^/]+',
    folders: ['^src/github/', '^src/(?:app|server)[.]ts$', '^action/'],
    types: ['^src/webhooks/'],
    why: 'Everything said to GitHub is said in src/github (the action has its own, smaller set of calls).',
  },
  {
    name: 'webhook-signatures',
    names: '@octokit/webhooks-methods',
    folders: ['^src/webhooks/', '^src/github/'],
    why: 'A signature is verified where the web hook comes in.',
  },
  {
    name: 'jira',
    names: 'jira[.]js',
    folders: ['^src/jira/'],
    why: 'Everything said to JIRA is said in src/jira.',
  },
  {
    name: 'mcp',
    names: '@modelcontextprotocol/[^/]+',
    folders: ['^src/mcp/', '^src/engines/anthropic-api/'],
    why: 'What is between a client and its servers is handled in one place; the engine without the CLI is such a client.',
  },
  {
    name: 'anthropic-sdk',
    names: '@anthropic-ai/sdk',
    folders: ['^src/engines/anthropic-api/'],
    why: 'The SDK of the Messages API is one way to an answer: nobody above the engines knows which one it is.',
  },
  {
    name: 'context-cache',
    names: 'keyv|@keyv/[^/]+|lru-cache',
    folders: ['^src/caches/'],
    why: 'Whether tickets are kept in memory or in Redis is known in one place.',
  },
  {
    name: 'pg-boss',
    names: 'pg-boss',
    folders: ['^src/queue/'],
    why: 'The queue can be replaced only while one folder knows which one it is.',
  },
  {
    name: 'database',
    names: 'kysely|pg|@electric-sql/[^/]+',
    folders: ['^src/ledger/'],
    types: ['^src/queue/'],
    why: 'SQL is written in src/ledger; the queue borrows its connection to share a transaction.',
  },
  {
    name: 'tar',
    names: 'tar',
    folders: ['^src/sessions/'],
    why: 'Archives are packed and unpacked in one place, with one set of checks on what is in them.',
  },
  {
    name: 'aws-sdk',
    names: '@aws-sdk/[^/]+|@smithy/[^/]+',
    folders: ['^src/stores/', '^src/engines/providers/'],
    why: 'S3 is one of several stores, Bedrock one of several providers: nobody above them knows which one it is.',
  },
  {
    name: 'google-auth',
    names: 'google-auth-library',
    folders: ['^src/engines/providers/'],
    why: 'Vertex is one of several providers of the model: nobody above them knows which one it is.',
  },
  {
    name: 'secretlint',
    names: '@secretlint/[^/]+',
    folders: ['^src/sessions/scrub/'],
    why: 'What counts as a secret is decided in one place.',
  },
  {
    name: 'hono',
    names: 'hono|@hono/[^/]+',
    folders: ['^src/(?:app|server)[.]ts$', '^src/(?:api|runner-api|webhooks|health|dashboard|metrics)/'],
    why: 'HTTP stays at the edge: what has a route may know how routes are written.',
  },
  {
    name: 'jose',
    names: 'jose',
    folders: ['^src/runner-api/', '^src/dashboard/sign-in/'],
    why: 'Tokens of runners are verified in one place, and cookies are sealed in one place.',
  },
  {
    name: 'prometheus',
    names: 'prom-client',
    folders: ['^src/metrics/'],
    why: 'What is measured is counted in our own words; how Prometheus is told is known in one place.',
  },
  {
    name: 'charts',
    names: '@observablehq/[^/]+|linkedom',
    folders: ['^src/dashboard/charts/'],
    why: 'Pages ask for a chart of figures: what draws it is known in one place.',
  },
  {
    name: 'pretty-log',
    names: 'pino-pretty',
    folders: ['^src/logging/'],
    why: 'How lines look is decided where the logger is made.',
  },
  {
    name: 'actions-toolkit',
    names: '@actions/[^/]+',
    folders: ['^action/', '^src/stores/'],
    why: 'The toolkit works only inside a GitHub Actions job.',
  },
  {
    name: 'commander',
    names: 'commander',
    folders: ['^src/cli/', '^src/cli[.]ts$', '^action/mcp-program[.]ts$'],
    why: 'Arguments are parsed by the command line programs alone.',
  },
];

const vendorRules = vendors.flatMap(({ name, names, folders, types = [], why }) => {
  const rules = [
    {
      name: `vendor-${name}`,
      comment: why,
      severity: 'error',
      from: { path: '^(?:src|action)/', pathNot: [...folders, ...types] },
      to: { path: packages(names) },
    },
  ];
  if (types.length > 0) {
    rules.push({
      name: `vendor-${name}-types-only`,
      comment: `${why} Here only its types may be named: write \`import type\`.`,
      severity: 'error',
      from: { path: types },
      to: { path: packages(names), dependencyTypesNot: ['type-only'] },
    });
  }
  return rules;
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'Two files that import each other are one file, or lack a third that both import. A type may point back: it is gone at run time.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'core-stays-pure',
      comment:
        'core holds the words and the rules that every program shares, the bundled action too: it imports zod and Node alone.',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: ['^src/core/', packages('zod')], dependencyTypesNot: ['core'] },
    },
    {
      name: 'pure-folders-import-core-only',
      comment: 'Prices and cache placement are arithmetic on values: anybody may use them, they use nobody.',
      severity: 'error',
      from: { path: inPure },
      to: { path: '^src/', pathNot: ['^src/core/', inPure] },
    },
    {
      name: 'adapters-know-no-features',
      comment:
        'An adapter translates one outside system into the words of its port. What is done with it is decided above.',
      severity: 'error',
      from: { path: inAdapters },
      to: { path: [inFeatures, '^src/[^/]+[.]ts$'] },
    },
    {
      name: 'adapters-know-other-adapters-by-type',
      comment:
        'Adapters are put together in a composition root. One may name the type of another (a port, a connection), not call it.',
      severity: 'error',
      from: { path: `^src/(${adapters})/`, pathNot: '^src/dispatch/' },
      to: { path: inAdapters, pathNot: '^src/$1/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'dispatch-builds-on-github-alone',
      comment:
        'To dispatch a workflow is to call GitHub, so dispatch uses the client in src/github. Other adapters it may name by type only.',
      severity: 'error',
      from: { path: '^src/dispatch/' },
      to: {
        path: inAdapters,
        pathNot: ['^src/dispatch/', '^src/github/'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'only-programs-import-programs',
      comment:
        'app.ts, server.ts and cli.ts build everything else. Whoever imports them has everything else in tow.',
      severity: 'error',
      from: { path: '^(?:src|action)/', pathNot: compositionRoots },
      to: { path: compositionRoots },
    },
    {
      name: 'src-knows-no-action-demo-test',
      comment:
        'action/ may import src/, never the other way: what both sides say to each other is a schema in src/core. Nothing that ships depends on the demo, the tests or the scripts.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(?:action|demo|test|bench|scripts)/' },
    },
    {
      name: 'action-knows-no-demo-test',
      comment: 'Nothing that ships depends on the demo, the tests or the scripts.',
      severity: 'error',
      from: { path: '^action/' },
      to: { path: '^(?:demo|test|bench|scripts)/' },
    },
    {
      name: 'action-leaves-the-server-out',
      comment:
        'The action is one bundle that a runner loads for each job: the parts that only a server needs stay out of it. The MCP program is a subcommand of `dexter` in a process of its own.',
      severity: 'error',
      from: { path: '^action/', pathNot: '^action/mcp-program[.]ts$' },
      to: {
        path: '^src/(?:ledger|queue|jobs|webhooks|health|api|runner-api|dashboard|onboarding|metrics|alerts|logging|cli)/',
      },
    },
    {
      name: 'what-ships-is-a-dependency',
      comment:
        'src/ runs from the installed package, where development dependencies are missing. The action is bundled, its packages are inside.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
        pathNot: packages('@types/[^/]+'),
      },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere fails when the file is loaded, perhaps long after start.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...vendorRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(?:action/dist|dist|demo/repository)/' },
    // Types count: a type from the wrong folder ties two folders together as well.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'require', 'types'],
      mainFields: ['main', 'types', 'typings'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
    skipAnalysisNotInRules: true,
  },
};
