import { pickVariables, proxyVariables } from '../../core/variables.ts';

/** Variables of the runner that a build or a test may need; everything else stays outside. */
const inherited = [
  'PATH',
  'LANG',
  'LC_ALL',
  'TERM',
  'TZ',
  'SHELL',
  'USER',
  'LOGNAME',
  ...proxyVariables,
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

export interface EnvironmentOptions {
  /** The environment of this process: what is on the allow-list is taken from it. */
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of a private home directory. */
  homeDirectory: string;
  /** Absolute path of a private directory for temporary files. */
  temporaryDirectory: string;
  configDirectory: string;
  /** Name of the folder that the CLI keeps this project's sessions in. */
  projectFolder: string;
  baseUrl?: string | undefined;
  apiKey?: string | undefined;
  /** How long the prompt cache keeps what the CLI has it write; five minutes when absent. */
  cacheLife?: '5m' | '1h' | undefined;
  /** How the CLI reaches the model otherwise than by `baseUrl` and `apiKey`. */
  modelVariables?: Readonly<Record<string, string>> | undefined;
}

/**
 * The environment of the CLI and of all that it starts, by allow-list: an agent that is talked into printing
 * its environment has no token of the runner to print.
 */
export function cliEnvironment(options: EnvironmentOptions): Record<string, string> {
  const { baseUrl, apiKey } = options;
  return {
    ...agentEnvironment(options),
    CLAUDE_CONFIG_DIR: options.configDirectory,
    CLAUDE_CODE_PROJECT_DIR_NAME: options.projectFolder,
    // What the CLI would otherwise do on the side: update itself, send telemetry, write memories that the
    // archive leaves out, put the branch and the last commits into the system prompt (a cache miss per commit).
    DISABLE_AUTOUPDATER: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
    CLAUDE_CODE_DISABLE_GIT_INSTRUCTIONS: '1',
    ...(options.cacheLife === '1h' ? { ENABLE_PROMPT_CACHING_1H: '1' } : {}),
    ...(baseUrl === undefined ? {} : { ANTHROPIC_BASE_URL: baseUrl }),
    ...(apiKey === undefined ? {} : { ANTHROPIC_API_KEY: apiKey }),
    ...options.modelVariables,
  };
}

/** The part of it that is not about the CLI, for programs that an agent without it starts. */
export function agentEnvironment({
  env,
  homeDirectory,
  temporaryDirectory,
}: Pick<EnvironmentOptions, 'env' | 'homeDirectory' | 'temporaryDirectory'>): Record<string, string> {
  return {
    ...pickVariables(env, inherited),
    ...reachLoopback(env),
    HOME: homeDirectory,
    TMPDIR: temporaryDirectory,
  };
}

/** Where a proxy is set, the model's address on loopback must not be asked of it. */
function reachLoopback(env: EnvironmentOptions['env']): Record<string, string> {
  const proxied = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].some((name) => env[name]);
  if (!proxied) return {};
  const list = [env.NO_PROXY ?? env.no_proxy, '127.0.0.1', 'localhost'].filter(Boolean).join(',');
  return { NO_PROXY: list, no_proxy: list };
}
