import { parseSize } from '../src/core/size.ts';

/** What is looked at before a push. */
export const pushChecks = [
  'protected-paths',
  'secrets',
  'file-size',
  'total-size',
  'file-count',
  'links',
  'submodules',
] as const;
export type PushCheck = (typeof pushChecks)[number];

export type Severity = 'refuse' | 'warn' | 'off';

export interface PushRules {
  severity: Record<PushCheck, Severity>;
  /** Most bytes of one new file. */
  fileBytes: number;
  /** Most bytes of all new files together. */
  totalBytes: number;
  /** Most paths that may change. */
  fileCount: number;
  /** Patterns of git pathspecs with `**`, from the root of the repository. */
  protectedPaths: string[];
}

/** What runs with the repository's own rights or decides who has to look at a change. action.yml has the same. */
export const defaultProtectedPaths = [
  '.github/workflows/**',
  '.github/actions/**',
  '.github/dexter.yml',
  '**/CODEOWNERS',
];

export const defaultPushRules: Omit<PushRules, 'protectedPaths'> = {
  severity: {
    'protected-paths': 'refuse',
    secrets: 'refuse',
    'file-size': 'refuse',
    'total-size': 'refuse',
    'file-count': 'refuse',
    links: 'refuse',
    submodules: 'refuse',
  },
  fileBytes: 10_000_000,
  totalBytes: 50_000_000,
  fileCount: 1_000,
};

/**
 * Reads lines such as `secrets: warn` and `file-size: refuse 25 MB`; what is not named stays as it is by default.
 * Problems are what is to be said of the input, without a full stop: `names …`.
 */
export function parsePushChecks(lines: readonly string[]): {
  rules: Omit<PushRules, 'protectedPaths'>;
  problems: string[];
} {
  const rules = { ...defaultPushRules, severity: { ...defaultPushRules.severity } };
  const problems: string[] = [];
  for (const line of lines) {
    const [, name = '', severity, limit] =
      /^([a-z-]+)\s*:\s*(refuse|warn|off)(?:\s+(\S.*))?$/.exec(line) ?? [];
    const check = pushChecks.find((each) => each === name);
    if (severity === undefined) {
      problems.push(`holds \`${line}\`, which must be a check, a colon, and \`refuse\`, \`warn\` or \`off\``);
    } else if (check === undefined) {
      problems.push(`names \`${name}\`, which is no check: there are ${pushChecks.join(', ')}`);
    } else {
      rules.severity[check] = severity as Severity;
      const problem = limit === undefined ? undefined : setLimit(rules, check, limit);
      if (problem !== undefined) problems.push(problem);
    }
  }
  return { rules, problems };
}

function setLimit(
  rules: Omit<PushRules, 'protectedPaths'>,
  check: PushCheck,
  limit: string,
): string | undefined {
  if (check === 'file-count') {
    if (!/^[1-9]\d{0,6}$/.test(limit))
      return `gives \`${check}\` the limit \`${limit}\`, which must be a number of files`;
    rules.fileCount = Number(limit);
    return undefined;
  }
  if (check !== 'file-size' && check !== 'total-size') return `gives \`${check}\` a limit, and it takes none`;
  const bytes = parseSize(limit);
  if (bytes === undefined)
    return `gives \`${check}\` the limit \`${limit}\`, which must be a size such as \`25 MB\``;
  rules[check === 'file-size' ? 'fileBytes' : 'totalBytes'] = bytes;
  return undefined;
}
