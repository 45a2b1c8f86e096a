/** A released version: three numbers, nothing behind them. https://semver.org */
const pattern = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/;

export function isVersion(text: string): boolean {
  return pattern.test(text);
}

/** The version that is asked for, by itself or by what goes up; undefined when it is neither. */
export function wantedVersion(current: string, asked: string): string | undefined {
  if (isVersion(asked)) return asked;
  const [major = 0, minor = 0, patch = 0] = numbersOf(current);
  switch (asked) {
    case 'major':
      return `${major + 1}.0.0`;
    case 'minor':
      return `${major}.${minor + 1}.0`;
    case 'patch':
      return `${major}.${minor}.${patch + 1}`;
    default:
      return undefined;
  }
}

export function isHigher(version: string, than: string): boolean {
  const [one, other] = [numbersOf(version), numbersOf(than)];
  const index = one.findIndex((number, place) => number !== other[place]);
  return index >= 0 && (one[index] ?? 0) > (other[index] ?? 0);
}

/** The tag that goes on to each version of a major one: `v1`. There is none before 1.0.0. */
export function movingTag(version: string): string | undefined {
  const [major = 0] = numbersOf(version);
  return major > 0 ? `v${major}` : undefined;
}

function numbersOf(version: string): number[] {
  const [, ...numbers] = pattern.exec(version) ?? [];
  return numbers.map(Number);
}
