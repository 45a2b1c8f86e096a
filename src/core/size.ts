/** `512 B`, `31 kB`, `1.2 MB`, `2.5 GB`: decimal, as disks and S3 count. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  // Rounded before the unit is chosen, so that 999,999 is 1 MB and not 1000 kB.
  const power = Math.min(units.length, Math.floor(Math.log10(Number(bytes.toPrecision(3))) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 9.95 ? Number(value.toFixed(1)) : Math.round(value)} ${units[power - 1]}`;
}

/** Bytes of `20GB`, `1.5 tb`, `512M` or `1000`; undefined when it is none of these. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit = ''] = /^\s*(\d{1,12}(?:\.\d{1,6})?)\s*([kmgt]?)b?\s*$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  return Math.round(Number(amount) * 1000 ** ['', 'k', 'm', 'g', 't'].indexOf(unit.toLowerCase()));
}
