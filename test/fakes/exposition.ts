/** What a scrape of Prometheus holds: the value of each series as it is written, and the type of each metric. */
export function readExposition(text: string) {
  const series = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, metric, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (metric !== undefined && type !== undefined) types.set(metric, type);
    if (line === '' || line.startsWith('#')) continue;
    const space = line.lastIndexOf(' ');
    const name = line.slice(0, space);
    if (series.has(name)) throw new Error(`${name} is there twice`);
    series.set(name, Number(line.slice(space + 1)));
  }
  return { series, types };
}
