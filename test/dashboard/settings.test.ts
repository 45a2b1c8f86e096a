import { describe, expect, it } from 'vitest';
import { AlertSettings } from '../../src/alerts/settings.ts';
import type { AppConfig } from '../../src/config.ts';
import { newMasterKey } from '../../src/core/session-key.ts';
import { shownSettings } from '../../src/dashboard/shown-settings.ts';
import { dispatchers, secrets, wholeConfig } from './whole-config.ts';

type Path = readonly (string | number)[];

/** What the page says nothing of. */
const leftOut = [
  // For tests in a hurry.
  'retention.everyMs',
  'alerts.everyMs',
];

/** The path of each value that is no object or list itself. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, one]) =>
    leavesOf(one, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

/** A copy in which one value is another one. */
function changed<T>(config: T, path: Path, change: (value: unknown) => unknown): T {
  const copy = structuredClone(config);
  let place = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) place = place[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  place[last] = change(place[last]);
  return copy;
}

const others: Record<string, (value: never) => unknown> = {
  string: (value: string) => `${value}x`,
  number: (value: number) => value + 1,
  boolean: (value: boolean) => !value,
};

const all = dispatchers.flatMap((dispatcher) => {
  const config: AppConfig = { ...wholeConfig, dispatcher };
  // Of the kind depends which others there are; the page names it below.
  const paths = leavesOf(config).filter((path) => path.join('.') !== 'dispatcher.kind');
  return paths.map((path) => ({ name: `${dispatcher.kind}: ${path.join('.')}`, config, path }));
});
const isLeftOut = ({ path }: { path: Path }) => leftOut.includes(path.join('.'));
const shown = (config: AppConfig) => JSON.stringify(shownSettings(config));

describe('shownSettings', () => {
  it.each(all.filter((one) => !isLeftOut(one)))('shows $name', ({ config, path }) => {
    const now = shown(config);
    const different = shown(changed(config, path, (value) => others[typeof value]?.(value as never)));
    // Of a secret it shows whether there is one.
    const without = shown(changed(config, path, (value) => (typeof value === 'string' ? '' : value)));
    expect([different, without].some((one) => one !== now)).toBe(true);
  });

  it('leaves out what is said above, and nothing that is no more', () => {
    expect(new Set(all.filter(isLeftOut).map(({ path }) => path.join('.')))).toEqual(new Set(leftOut));
  });

  it.each(dispatchers)('says nothing of what a secret is: $kind', (dispatcher) => {
    const config: AppConfig = { ...wholeConfig, dispatcher };
    const told = shown(config);
    expect(told).toContain(`{"name":"DEXTER_DISPATCHER","value":"${dispatcher.kind}"}`);
    for (const path of leavesOf(config)) {
      const longer = shown(changed(config, path, (value) => secrets.reduce(lengthen, value)));
      // Neither how long it is.
      expect(longer).toBe(told);
    }
    for (const secret of secrets) {
      for (let start = 0; start + 6 <= secret.length; start++) {
        expect(told).not.toContain(secret.slice(start, start + 6));
      }
    }
  });

  it('says of what is not set that it is not', () => {
    const { databaseUrl: _, apiToken: __, metricsToken: ___, sessionKeys: ____, ...config } = wholeConfig;
    const { client: _____, ...github } = config.github;
    const { groups } = shownSettings({ ...config, github });
    const values = new Map(
      groups.flatMap(({ settings }) => settings.map(({ name, value }) => [name, value])),
    );
    for (const name of ['DATABASE_URL', 'DEXTER_API_TOKEN', 'DEXTER_METRICS_TOKEN', 'GITHUB_CLIENT_SECRET'])
      expect(values.get(name)).toBe('not set');
    expect(values.get('DEXTER_SESSION_KEY')).toBe('not set: the app keeps one of its own');
    expect(values.get('PRIVATE_KEY')).toBe('set');
  });

  it('shows the rules that are switched on, and names no setting twice', () => {
    const { groups, rules } = shownSettings({
      ...wholeConfig,
      sessionKeys: { current: newMasterKey(), previous: [] },
      alerts: { settings: AlertSettings.parse({ canary: 'off' }) },
    });
    expect(rules.map(({ name }) => name)).not.toContain('canary');
    expect(rules.length).toBeGreaterThan(5);
    const names = groups.flatMap(({ settings }) => settings.map(({ name }) => name));
    expect(names.length).toBe(new Set(names).size);
  });
});

function lengthen(value: unknown, secret: string): unknown {
  return typeof value === 'string' ? value.replaceAll(secret, `${secret}-and-more`) : value;
}
