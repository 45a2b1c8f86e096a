import { readdir, readFile } from 'node:fs/promises';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ledgerMetricDocs, processMetricDocs } from '../../scripts/metric-docs.ts';
import { processMetrics } from '../../src/metrics/process-metrics.ts';

const docs = new URL('../../docs/', import.meta.url);

const datasource = z.object({ type: z.literal('prometheus'), uid: z.literal('$datasource') });
const place = z.object({
  x: z.number().int().min(0).max(23),
  y: z.number().int().min(0),
  w: z.number().int().min(1).max(24),
  h: z.number().int().min(1),
});
const Row = z.object({ id: z.number(), type: z.literal('row'), title: z.string().min(1), gridPos: place });
const Shown = z.object({
  id: z.number(),
  type: z.enum(['timeseries', 'stat', 'table']),
  title: z.string().min(1),
  description: z.string().min(1),
  datasource,
  gridPos: place,
  targets: z
    .array(z.object({ refId: z.string(), datasource, expr: z.string().min(1), legendFormat: z.string() }))
    .min(1),
  fieldConfig: z.object({ defaults: z.object({ unit: z.string() }), overrides: z.array(z.unknown()) }),
  options: z.record(z.string(), z.unknown()),
});
/** What Grafana asks of a dashboard that is imported, and what this one promises. */
const Dashboard = z.object({
  uid: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/),
  title: z.string().min(1),
  schemaVersion: z.number().int().min(36),
  time: z.object({ from: z.string(), to: z.string() }),
  templating: z.object({
    list: z.tuple([
      z.object({
        name: z.literal('datasource'),
        type: z.literal('datasource'),
        query: z.literal('prometheus'),
      }),
      z.object({ name: z.literal('job'), type: z.literal('query'), datasource }),
    ]),
  }),
  panels: z.array(z.union([Row, Shown])),
});

const read = async () =>
  Dashboard.parse(JSON.parse(await readFile(new URL('grafana-dashboard.json', docs), 'utf8')));

/** All that a scrape gives, by the names that a query may use. */
async function given(): Promise<Set<string>> {
  const text = await processMetrics().text(true);
  const ofNode = [...text.matchAll(/^# TYPE ((?:process|nodejs)_\S+) (\S+)$/gm)].map(
    ([, name = '', type = '']) => ({ name, type }),
  );
  return new Set(
    [...ledgerMetricDocs, ...processMetricDocs, ...ofNode].flatMap(({ name, type }) =>
      type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name],
    ),
  );
}

const named = (text: string) => text.match(/\b(?:dexter|process|nodejs)_[a-z0-9_]+/g) ?? [];

describe('the dashboard for Grafana', () => {
  it('has what an import takes, each panel in a place of its own', async () => {
    const { panels } = await read();
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.length).toBeGreaterThan(25);
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${x} ${y}`), `${title} lies over another panel`).toBe(false);
          taken.add(`${x} ${y}`);
        }
    }
  });

  it('asks for nothing that is not given, and says of all that Dexter counts what it is', async () => {
    const { panels } = await read();
    const asked = panels.flatMap((panel) =>
      'targets' in panel ? panel.targets.flatMap(({ expr }) => named(expr)) : [],
    );
    const all = await given();
    expect(asked.filter((name) => !all.has(name))).toEqual([]);
    expect(new Set(asked).size).toBeGreaterThan(25);
  });

  it('never adds up what every process says of the ledger', async () => {
    const { panels } = await read();
    const ofLedger = new Set(ledgerMetricDocs.map(({ name }) => name));
    for (const panel of panels) {
      if (!('targets' in panel)) continue;
      for (const { expr } of panel.targets) {
        for (const name of named(expr).map((each) => each.replace(/_(?:bucket|sum|count)$/, ''))) {
          if (!ofLedger.has(name)) continue;
          const around = expr.slice(0, expr.indexOf(name));
          expect(around, `${panel.title}: ${expr}`).toMatch(
            /max by \([a-z, ]*\) \((?:(?:rate|increase)\()?$/,
          );
        }
      }
    }
  });
});

it('files with rules for Prometheus name what is given', async () => {
  const all = await given();
  for (const file of (await readdir(docs)).filter((name) => /rules.*\.ya?ml$/.test(name))) {
    const text = await readFile(new URL(file, docs), 'utf8');
    const asked = [...text.matchAll(/^\s*expr: .*$/gm)].flatMap(([line]) => named(line));
    expect(
      asked.filter((name) => !all.has(name)),
      file,
    ).toEqual([]);
  }
});

it('docs/metrics.md has each metric with its labels', async () => {
  const page = await readFile(new URL('metrics.md', docs), 'utf8');
  for (const { name, type, labelNames } of [...ledgerMetricDocs, ...processMetricDocs]) {
    const labels = labelNames.map((label) => `\`${label}\``).join(', ');
    expect(page).toContain(`| \`${name}\` | ${type} | ${labels} |`);
  }
});

it('metrics are named as Prometheus advises', () => {
  expect(Registry.PROMETHEUS_CONTENT_TYPE).toContain('version=0.0.4');
  for (const { name, type, help } of [...ledgerMetricDocs, ...processMetricDocs]) {
    expect(name).toMatch(/^dexter_[a-z0-9]+(?:_[a-z0-9]+)*$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(help).toMatch(/[.]$/);
  }
});
