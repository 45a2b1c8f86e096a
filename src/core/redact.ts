export interface TokenRule {
  name: string;
  /** What the groups `before` and `after` hold is no part of the secret and stays. */
  pattern: RegExp;
}

/**
 * Where a token may begin: at a word's edge, right after an escaped line end in JSON (`\nghp_…`), and right after a
 * colour of a terminal.
 */
const start = String.raw`(?:\b|(?<=\\[nrt])|(?<=\[[\d;]{0,12}m))`;

/**
 * Tokens that are known by their form. Each pattern is linear (no nested repetition), because the text may
 * come from a model or a ticket. The mark itself matches none of them, so redacting twice changes nothing.
 */
export const tokenRules: readonly TokenRule[] = [
  {
    name: 'private-key',
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g,
  },
  // The stateless installation token is `ghs_<app id>_<JWT>`, some 520 characters with dots in it.
  { name: 'github-token', pattern: new RegExp(`${start}gh[pousr]_[A-Za-z0-9._-]{20,}`, 'g') },
  { name: 'github-token', pattern: new RegExp(`${start}github_pat_[A-Za-z0-9_]{20,}`, 'g') },
  { name: 'anthropic-key', pattern: new RegExp(`${start}sk-ant-[A-Za-z0-9_-]{10,}`, 'g') },
  { name: 'atlassian-token', pattern: new RegExp(`${start}ATATT[A-Za-z0-9_=-]{20,}`, 'g') },
  { name: 'aws-key', pattern: new RegExp(`${start}(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])`, 'g') },
  {
    name: 'jwt',
    pattern: new RegExp(`${start}eyJ[A-Za-z0-9_-]{8,}\\.eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*`, 'g'),
  },
  {
    name: 'url-password',
    pattern:
      /(?<before>[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'<>]{0,200}:)(?!\[REDACTED)[^\s/@"'<>]{1,400}(?<after>@)/gi,
  },
  {
    // A digit is asked for, so that "a basic understanding" stays what it is.
    name: 'bearer',
    pattern: /(?<before>\b(?:bearer|basic)\s{1,4})(?=\S{0,200}\d)[A-Za-z0-9._~+/=-]{16,}/gi,
  },
];

/** Shorter values are left alone: they would match inside ordinary words. */
const shortestSecret = 6;

/**
 * Replaces secrets in `text`: the exact `secrets` that this program knows, then everything that has the form
 * of a well-known token. Redacting twice is the same as redacting once.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  return redactor(secrets)(text);
}

/** The same for many texts: the secrets are looked through once. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const known = [...new Set(secrets)]
    .filter((secret) => secret.length >= shortestSecret && !'[REDACTED:secret]'.includes(secret))
    .sort((a, b) => b.length - a.length);
  return (text) => {
    if (text.length < shortestSecret) return text;
    let result = text;
    for (const secret of known) result = result.replaceAll(secret, '[REDACTED:secret]');
    for (const { name, pattern } of tokenRules) {
      result = result.replace(pattern, (...match) => {
        const groups: unknown = match.at(-1);
        const { before = '', after = '' } = typeof groups === 'object' ? { ...groups } : {};
        return `${before}[REDACTED:${name}]${after}`;
      });
    }
    return result;
  };
}
