/** How a variable is called that holds a secret, and one that only says where to find it. */
const named =
  /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|APIKEY|(?:API|ACCESS|PRIVATE|SESSION|SIGNING|ENCRYPTION)_KEY)(?:_|$)/i;
const pointsElsewhere = /_(?:URL|URI|FILE|PATH|NAME|DIR|ARN)$/i;

/** Shorter ones would be found in ordinary text. */
const shortest = 8;

/** Values of an environment that must not be seen, found by the names of their variables. */
export function secretValues(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([variable, value]) => {
    // The inputs of an action have dashes in their variables.
    const name = variable.replaceAll('-', '_');
    const isSecret = named.test(name) && !pointsElsewhere.test(name);
    return isSecret && value !== undefined && value.length >= shortest ? [value] : [];
  });
}
