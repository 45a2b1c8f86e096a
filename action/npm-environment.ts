import { pickVariables, proxyVariables } from '../src/core/variables.ts';

/** Where npm and its files are, and the way out of the network. */
const inherited = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  ...proxyVariables,
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

const secretName = /auth|token|passw|secret|key|user(?:name)?$|email|otp/i;

/**
 * The environment of npm: of the job's variables only those by which npm finds its registry (`npm_config_*`), and of
 * these none that looks like a secret. A registry that asks for one has it in an `.npmrc`.
 */
export function npmEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const configuration = Object.keys(env).filter((name) => {
    const [, setting] = /^npm_config_(.+)$/i.exec(name) ?? [];
    return setting !== undefined && !secretName.test(setting);
  });
  return pickVariables(env, [...inherited, ...configuration]);
}
