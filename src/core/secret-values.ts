/** How a variable is called that holds a secret, and one that only says where to find it. */
const named =
  /(?:^|_)(?:TOKEN|SECRET|(?:PG)?PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|APIKEY|(?:API|ACCESS|PRIVATE|SESSION|SIGNING|ENCRYPTION)_KEY)(?:_|$)/i;
const pointsElsewhere = /_(?:URL|URI|FILE|PATH|NAME|DIR|ARN)$/i;

/** Names that as often mean something else (`CACHE_KEY`): only a value that nobody made up is a secret. */
const perhapsNamed = /(?<!(?:^|_)(?:ISSUE|CACHE))_(?:KEY|PAT|AUTH)$/i;
const looksRandom = /^(?=.*\d)(?=.*[A-Za-z])[\w.~+/=:-]{20,}$/;
const passwordOrPlace = /_PWD$/i;

/** What an address or a connection string holds beside the place that it names, whatever its variable is called. */
const within = [
  /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:([^\s/@]+)@/i,
  /^https?:\/\/([A-Za-z0-9_-]{16,})@/i,
  /(?:^|[?&;\s])(?:password|pwd|accountkey|sharedaccesskey|sharedsecret|_authtoken)=['"]?([^'"&;\s]+)/i,
  /:_(?:authToken|password)=(\S+)/,
];

/** Shorter ones would be found in ordinary text. */
const shortest = 8;

/** Values of an environment that must not be seen, found by the names of their variables and by their form. */
export function secretValues(env: Readonly<Record<string, string | undefined>>): string[] {
  const found = Object.entries(env).flatMap(([variable, value]) => {
    if (value === undefined) return [];
    // The inputs of an action have dashes in their variables.
    const name = variable.replaceAll('-', '_');
    const isSecret =
      (named.test(name) && !pointsElsewhere.test(name)) ||
      (passwordOrPlace.test(name) && !value.startsWith('/')) ||
      (perhapsNamed.test(name) && looksRandom.test(value));
    return [...(isSecret ? [value] : []), ...within.flatMap((form) => asWritten(form.exec(value)?.[1]))];
  });
  return found.filter((value) => value.length >= shortest);
}

/** In an address some characters are escaped; a program that uses it shows them as they are. */
function asWritten(secret: string | undefined): string[] {
  if (secret === undefined) return [];
  try {
    return [...new Set([secret, decodeURIComponent(secret)])];
  } catch {
    return [secret];
  }
}
