/**
 * The secrets in every spelling in which a program may come to log them: as they are, within JSON, within JSON that is a
 * string in JSON, in an address, and as base64.
 */
export function spellingsOf(secrets: readonly string[]): string[] {
  return [
    ...new Set(
      secrets.flatMap((secret) => {
        const plain = secret.trim();
        const inJson = escaped(plain);
        const base64 = Buffer.from(plain).toString('base64').replace(/=+$/, '');
        return [
          plain,
          inJson,
          escaped(inJson),
          ...inAddress(plain),
          base64,
          base64.replaceAll('+', '-').replaceAll('/', '_'),
        ];
      }),
    ),
  ];
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** None for half of a pair, which cannot stand there. */
function inAddress(text: string): string[] {
  return text.isWellFormed() ? [encodeURIComponent(text)] : [];
}
