import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { AppError } from '../src/core/errors.ts';
import { IssueKey } from '../src/core/issue-key.ts';
import { Job, SessionRequest, Target } from '../src/core/job.ts';
import { type Read, readAs } from '../src/core/read-as.ts';
import { StoreName } from '../src/core/session.ts';
import { PreviousMasterKeys, SessionMasterKey } from '../src/core/session-key.ts';
import { parseSize } from '../src/core/size.ts';
import { pinnedCli } from '../src/engines/claude-code/pinned-cli.ts';
import { defaultCompactAbove } from '../src/pricing/compaction-cost.ts';
import { PriceOverrides } from '../src/pricing/price-overrides.ts';
import { defaultStrategy, type MarkerStrategy, strategyNames } from '../src/prompt-cache/strategies.ts';
import type { GarbageLimits } from '../src/workspace/plan-garbage.ts';
import { instructionSources } from './base-instructions.ts';
import { defaultHiddenPaths, type IsolationMode, isolationModes } from './isolate.ts';
import { type ModelAccess, modelAccess, modelProblems, providers } from './model-access.ts';
import { defaultProtectedPaths, type PushRules, parsePushChecks } from './push-rules.ts';

/**
 * What an agent needs to change code and to test it. `Edit` covers `Write`; without the path after it, both
 * reach outside of the checkout. action.yml has the same list; a test compares them.
 */
export const defaultAllowedTools = [
  'Read(./**)',
  'Edit(./**)',
  'Glob',
  'Grep',
  ...[
    'npm test',
    'npm ci',
    'node --test',
    'npx vitest',
    'npx tsc',
    'git diff',
    'git log',
    'git status',
  ].flatMap((command) => [`Bash(${command})`, `Bash(${command} *)`]),
  'Bash(npm run *)',
];

const trueOrFalse = z.enum(['true', 'false'], 'must be `true` or `false`');

const mixed =
  'is empty, and `command-id`, `session`, `target` or `delta` is not: the app fills in all of them, a run without the app has none';

/** Everything that `with:` may say, under the names of action.yml; an empty input is an absent one. */
export const Inputs = z.object({
  'command-id': z.uuid('must be the UUID of a command'),
  'issue-key': IssueKey,
  instruction: z.string('is required').min(1, 'must not be empty'),
  context: z.string().default(''),
  delta: z.string().default(''),
  session: json(SessionRequest),
  target: json(Target),
  'app-url': z.url({
    protocol: /^https?$/,
    error: ({ input }) => (input === undefined ? mixed : 'must be the http(s) address of the app'),
  }),
  number: wholeNumber(1, 999_999_999).optional(),
  title: z.string().optional(),
  'ticket-url': z.url({ protocol: /^https?$/, error: 'must be an http(s) address' }).optional(),
  'requested-by': z.string().optional(),
  committer: z.string().transform(committer).optional(),
  'session-key': z.string().transform(masterKey).optional(),
  'session-key-previous': z.string().transform(masterKeys).optional(),
  store: z.enum(StoreName.options, 'must be `workspace`, `s3` or `actions-cache`').default('workspace'),
  's3-bucket': z.string().optional(),
  's3-region': z.string().optional(),
  's3-endpoint': z.url({ protocol: /^https?$/, error: 'must be an http(s) address' }).optional(),
  's3-prefix': z.string().optional(),
  's3-path-style': trueOrFalse.optional(),
  's3-kms-key-id': z.string().optional(),
  'github-token': z.string().optional(),
  workspace: z.string().regex(/^\//, 'must be an absolute path').optional(),
  'keep-ignored': trueOrFalse.default('true'),
  'workspace-max-sessions': wholeNumber(1, 100_000).default(50),
  'workspace-max-age-days': wholeNumber(1, 3_650).default(30),
  'workspace-max-size': z.string().transform(bytes).optional(),
  'claude-path': z
    .string()
    // It would be looked for in the checkout, so that a branch could bring its own.
    .refine(
      (path) => isAbsolute(path) || !/[/\\]/.test(path),
      'must be a name on the PATH or an absolute path',
    )
    .optional(),
  'claude-version': z
    .string()
    .regex(/^\d{1,4}\.\d{1,4}\.\d{1,6}$/, 'must be one version, such as `2.1.330`')
    .default(pinnedCli.version),
  provider: z.enum(providers, 'must be `anthropic`, `bedrock` or `vertex`').default('anthropic'),
  'anthropic-api-key': z.string().optional(),
  'anthropic-oauth-token': z.string().optional(),
  'anthropic-auth-token': z.string().optional(),
  'anthropic-base-url': z.url({ protocol: /^https?$/, error: 'must be an http(s) address' }).optional(),
  'aws-region': placeName('eu-west-1'),
  'vertex-project': placeName('my-project'),
  'vertex-region': placeName('europe-west1'),
  model: z.string().optional(),
  effort: z
    .string()
    .regex(/^[a-z]{1,20}$/, 'must be a level such as `high`')
    .optional(),
  prices: pricesText().pipe(PriceOverrides).optional(),
  'allowed-tools': z.string().default(defaultAllowedTools.join('\n')).transform(lines),
  tools: z.string().default('auto').transform(tools),
  'cache-life': z.enum(['5m', '1h'], 'must be `5m` or `1h`').default('5m'),
  'cache-markers': z
    .enum(strategyNames, `must be one of ${strategyNames.join(', ')}`)
    .default(defaultStrategy),
  'instructions-from': z.enum(instructionSources, 'must be `base` or `none`').default('base'),
  'mcp-cache-ttl': z
    .string()
    .regex(/^[1-9]\d{0,5}[smh]$/, 'must be a number with s, m or h, such as `15m`')
    .default('15m'),
  'mcp-not-cached': z.string().default('').transform(lines),
  isolation: z.enum(isolationModes, 'must be `auto`, `required` or `off`').default('auto'),
  'hidden-paths': z
    .string()
    .default(defaultHiddenPaths.join('\n'))
    .transform(lines)
    .pipe(z.array(z.string().regex(/^(?:~?\/.+)$/, 'must be absolute paths, or begin with `~/`'))),
  'push-checks': z.string().default('').transform(pushChecksOf),
  'protected-paths': z.string().default(defaultProtectedPaths.join('\n')).transform(lines),
  'max-turns': wholeNumber(1, 10_000).optional(),
  'compact-above': wholeNumber(0, 10_000_000).default(defaultCompactAbove),
  'timeout-minutes': wholeNumber(1, 5 * 24 * 60).default(60),
});

/** What the app fills in and a run without the app has none of. */
const ofTheApp = ['command-id', 'delta', 'session', 'target', 'app-url'] as const;

/** What a run without the app is told in its place. */
const ofTheCaller = ['number', 'title', 'ticket-url', 'requested-by', 'committer'] as const;

const AloneInputs = Inputs.omit({
  'command-id': true,
  delta: true,
  session: true,
  target: true,
  'app-url': true,
}).extend({ 'issue-key': IssueKey.optional() });

export type S3Input = Extract<keyof typeof Inputs.shape, `s3-${string}`>;

export interface ActionInputs {
  job: Job;
  /** Directory that outlives the run; absent for the one beside the runner's temporary directory. */
  workspace: string | undefined;
  /** Absent for the CLI of `claudeVersion`, which is installed where it is not on the PATH. */
  claudePath: string | undefined;
  claudeVersion: string;
  access: ModelAccess;
  model: string | undefined;
  effort: string | undefined;
  /** Prices that win over the price list; only reckoned with here. */
  prices: PriceOverrides;
  store: StoreName;
  /** What the inputs say of S3; a bucket makes it a store of this runner. */
  s3: Record<S3Input, string | undefined>;
  /** Token of the job, for the entries of the Actions cache. */
  githubToken: string | undefined;
  /** Whether ignored files of a checkout, such as `node_modules`, outlive the run. */
  keepIgnored: boolean;
  /** What the workspace may hold when a run has ended. */
  workspaceLimits: GarbageLimits;
  allowedTools: string[];
  /** Built-in tools that are described to the model: those that the rules allow, the CLI's own choice, or these. */
  tools: 'auto' | 'default' | string[];
  /** How long the prompt cache keeps what a run writes. */
  cacheLife: '5m' | '1h';
  /** Where the engine `anthropic-api` puts its prompt-cache markers. */
  cacheMarkers: MarkerStrategy;
  /** The branch whose `CLAUDE.md` the agent is given. */
  instructionsFrom: (typeof instructionSources)[number];
  /** How long the cache in front of an MCP server keeps an answer, such as `15m`. */
  mcpCacheTtl: string;
  /** Tools whose answers it never keeps, as `mcp__<server>__<tool>`. */
  mcpNotCached: string[];
  /** Whether the agent has to be kept from the runner's processes and files. */
  isolation: IsolationMode;
  /** What it then does not see: absolute paths, or `~/` for the home directory of the runner's user. */
  hiddenPaths: string[];
  /** What is looked at before a push. */
  pushRules: PushRules;
  maxTurns: number | undefined;
  /** Tokens above which a conversation gets a compacted copy; 0 for never. */
  compactAbove: number;
  timeoutMinutes: number;
}

/** All but the job: the same with the app and without it. */
export type Settings = Omit<ActionInputs, 'job'>;

/** What the caller asks of a run without the app. */
export interface AloneRequest {
  instruction: string;
  /** Markdown of the ticket; data, never instruction. */
  context: string;
  issueKey: IssueKey | undefined;
  /** Issue or pull request on GitHub that the work is for. */
  number: number | undefined;
  title: string | undefined;
  ticketUrl: string | undefined;
  requestedBy: string | undefined;
  committer: { name: string; email: string } | undefined;
  sessionKey: SessionMasterKey | undefined;
  previousSessionKeys: SessionMasterKey[];
}

/** Answers with an empty string for what is not set. */
export type GetInput = (name: string) => string;

/** What is wrong with an input that is right by itself. */
interface InputProblem {
  input: string;
  message: string;
}

/** Whether the action is used without the app: nothing that the app fills in is there. */
export function isStandAlone(getInput: GetInput): boolean {
  return ofTheApp.every((name) => getInput(name) === '');
}

/**
 * The inputs of a run that the app started. Throws AppError `input-invalid` that names everything that is wrong.
 */
export function parseInputs(getInput: GetInput): ActionInputs {
  const given = givenInputs(getInput);
  const read = readAs(Inputs, given);
  const others = [...modelProblems(given), ...(given['app-url'] === undefined ? [] : surplusIn(given))];
  if (read.outcome === 'wrong' || others.length > 0) throw invalid(read, others);
  const inputs = read.value;
  const job = Job.parse({
    commandId: inputs['command-id'],
    issueKey: inputs['issue-key'],
    instruction: inputs.instruction,
    context: inputs.context,
    ...(inputs.delta === '' ? {} : { delta: inputs.delta }),
    session: inputs.session,
    target: inputs.target,
    appUrl: inputs['app-url'],
  });
  return { job, ...settingsOf(inputs) };
}

/** The inputs of a run without the app. Throws AppError `input-invalid` that names everything that is wrong. */
export function parseAloneInputs(getInput: GetInput): { request: AloneRequest; settings: Settings } {
  const given = givenInputs(getInput);
  const read = readAs(AloneInputs, given);
  const others = modelProblems(given);
  if (read.outcome === 'wrong' || others.length > 0) throw invalid(read, others);
  const inputs = read.value;
  const request = {
    instruction: inputs.instruction,
    context: inputs.context,
    issueKey: inputs['issue-key'],
    number: inputs.number,
    title: inputs.title,
    ticketUrl: inputs['ticket-url'],
    requestedBy: inputs['requested-by'],
    committer: inputs.committer,
    sessionKey: inputs['session-key'],
    previousSessionKeys: inputs['session-key-previous'] ?? [],
  };
  return { request, settings: settingsOf(inputs) };
}

function givenInputs(getInput: GetInput): Record<string, string> {
  const names = Object.keys(Inputs.shape);
  const given = names.map((name) => [name, getInput(name)] as const).filter(([, value]) => value !== '');
  return Object.fromEntries(given);
}

/** What is for a run without the app alone. */
function surplusIn(given: Record<string, string>): InputProblem[] {
  return ofTheCaller
    .filter((input) => given[input] !== undefined)
    .map((input) => ({ input, message: 'is for a run without the app, and `app-url` names one' }));
}

function settingsOf(inputs: z.infer<typeof AloneInputs>): Settings {
  const maxBytes = inputs['workspace-max-size'];
  return {
    workspace: inputs.workspace,
    claudePath: inputs['claude-path'],
    claudeVersion: inputs['claude-version'],
    access: modelAccess(inputs),
    model: inputs.model,
    effort: inputs.effort,
    prices: inputs.prices ?? {},
    store: inputs.store,
    s3: {
      's3-bucket': inputs['s3-bucket'],
      's3-region': inputs['s3-region'],
      's3-endpoint': inputs['s3-endpoint'],
      's3-prefix': inputs['s3-prefix'],
      's3-path-style': inputs['s3-path-style'],
      's3-kms-key-id': inputs['s3-kms-key-id'],
    },
    githubToken: inputs['github-token'],
    keepIgnored: inputs['keep-ignored'] === 'true',
    workspaceLimits: {
      maxSessions: inputs['workspace-max-sessions'],
      maxAgeDays: inputs['workspace-max-age-days'],
      ...(maxBytes === undefined ? {} : { maxBytes }),
    },
    allowedTools: inputs['allowed-tools'],
    tools: inputs.tools,
    cacheLife: inputs['cache-life'],
    cacheMarkers: inputs['cache-markers'],
    instructionsFrom: inputs['instructions-from'],
    mcpCacheTtl: inputs['mcp-cache-ttl'],
    mcpNotCached: inputs['mcp-not-cached'],
    isolation: inputs.isolation,
    hiddenPaths: inputs['hidden-paths'],
    pushRules: { ...inputs['push-checks'], protectedPaths: inputs['protected-paths'] },
    maxTurns: inputs['max-turns'],
    compactAbove: inputs['compact-above'],
    timeoutMinutes: inputs['timeout-minutes'],
  };
}

function invalid(read: Read<unknown>, others: readonly InputProblem[]): AppError {
  const mistakes = read.outcome === 'wrong' ? read.mistakes : [];
  const ofInputs = mistakes.map(({ path: [input, ...inside], says }) => {
    const where = inside.length === 0 ? '' : ` (${inside.join('.')})`;
    return `\`${input}\`${where}: ${says}`;
  });
  const problems = [...ofInputs, ...others.map(({ input, message }) => `\`${input}\`: ${message}`)];
  return new AppError('input-invalid', {
    message: `${problems.length === 1 ? 'An input is' : `${problems.length} inputs are`} not usable: ${problems.join('; ')}.`,
    hint: 'Correct them where the workflow calls the action; action.yml describes each one.',
  });
}

function json<S extends z.ZodType>(schema: S) {
  return z
    .string('is required')
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

/** JSON here: `readablePrices` has made it of YAML. */
function pricesText() {
  return z.string().transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'must be YAML or JSON' });
      return z.NEVER;
    }
  });
}

/** It becomes part of an address. */
function placeName(example: string) {
  return z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, `must be a name such as \`${example}\``)
    .optional();
}

function wholeNumber(least: number, most: number) {
  const expected = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, expected)
    .transform(Number)
    .pipe(z.number().min(least, expected).max(most, expected));
}

function bytes(text: string, context: z.core.$RefinementCtx<string>): number {
  const size = parseSize(text);
  if (size !== undefined) return size;
  context.addIssue({ code: 'custom', message: 'must be a size such as `20 GB`' });
  return z.NEVER;
}

function pushChecksOf(
  text: string,
  context: z.core.$RefinementCtx<string>,
): Omit<PushRules, 'protectedPaths'> {
  const { rules, problems } = parsePushChecks(lines(text));
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return problems.length === 0 ? rules : z.NEVER;
}

function committer(text: string, context: z.core.$RefinementCtx<string>): { name: string; email: string } {
  const [, name, email] = /^([^<>\r\n]{1,200}) <([^<>@\s]+@[^<>@\s]+)>$/.exec(text) ?? [];
  if (name !== undefined && email !== undefined) return { name, email };
  context.addIssue({ code: 'custom', message: 'must be `Name <address@example.com>`' });
  return z.NEVER;
}

function tools(text: string, context: z.core.$RefinementCtx<string>): 'auto' | 'default' | string[] {
  if (text === 'auto' || text === 'default') return text;
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  if (names.length > 0 && names.every((name) => /^[A-Za-z]\w{0,63}$/.test(name)))
    return [...new Set(names)].sort();
  context.addIssue({
    code: 'custom',
    message: 'must be `auto`, `default`, or names such as `Bash, Edit, Read`',
  });
  return z.NEVER;
}

const aKey = 'that `dexter key new` made: `dxk1_` and 43 characters';

function masterKey(text: string, context: z.core.$RefinementCtx<string>): SessionMasterKey {
  const key = SessionMasterKey.safeParse(text);
  if (key.success) return key.data;
  context.addIssue({ code: 'custom', message: `must be a key ${aKey}` });
  return z.NEVER;
}

function masterKeys(text: string, context: z.core.$RefinementCtx<string>): SessionMasterKey[] {
  const keys = PreviousMasterKeys.safeParse(text);
  if (keys.success) return keys.data;
  context.addIssue({ code: 'custom', message: `must be keys ${aKey}, at most 8, with commas between them` });
  return z.NEVER;
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
