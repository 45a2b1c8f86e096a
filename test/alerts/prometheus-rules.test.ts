import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { ledgerMetricDocs, processMetricDocs } from '../../scripts/metric-docs.ts';
import { type AlertKind, type AlertName, alertNames, kindOf } from '../../src/alerts/alert-kinds.ts';
import { AlertSettings } from '../../src/alerts/settings.ts';

const root = new URL('../../', import.meta.url);
const text = await readFile(new URL('docs/prometheus-rules.yml', root), 'utf8');

const Rule = z.object({
  alert: z.string().optional(),
  expr: z.string(),
  labels: z.object({ severity: z.enum(['warning', 'critical']), name: z.string().optional() }).optional(),
  annotations: z.object({ runbook: z.string() }).optional(),
});
const { groups } = z.object({ groups: z.array(z.object({ rules: z.array(Rule) })) }).parse(parseYaml(text));
const alerts = groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert !== undefined);

const signs: Record<AlertKind['worse'], string> = { above: '>', 'at least': '>=', below: '<' };

/** Prometheus counts in seconds. */
const inPrometheus = ({ unit, factor }: AlertKind, setting: number) =>
  unit === 'ms' ? setting / 1000 : setting * factor;

describe('docs/prometheus-rules.yml', () => {
  it.each(alerts.filter(({ labels }) => labels?.name !== undefined))(
    '$alert $labels.severity is that of Dexter',
    ({ alert, expr, labels }) => {
      const { name = '', severity = 'warning' } = labels ?? {};
      expect(alertNames).toContain(name);
      const kind = kindOf(name as AlertName);
      expect(alert).toBe(`Dexter${name.charAt(0).toUpperCase()}${name.slice(1)}`);
      const [, sign, threshold] = /^\S.*?\S (<|>|>=) ([\d.e]+)(?: and |$)/.exec(expr) ?? [];
      expect(sign).toBe(signs[kind.worse]);
      expect(Number(threshold)).toBe(inPrometheus(kind, kind[severity]));
      const [, sample] = / and .* >= (\d+)$/.exec(expr) ?? [];
      expect(sample).toBe(kind.isSampled ? String(AlertSettings.parse({}).minimumSample) : undefined);
      for (const [, hours] of text.matchAll(/\[(\d+)h\]/g)) {
        expect(Number(hours)).toBe(AlertSettings.parse({}).windowHours);
      }
    },
  );

  it('has both levels of everything, by its own figures or by what Dexter raised', () => {
    const own = alerts.flatMap(({ labels }) => (labels?.name ? [`${labels.name} ${labels.severity}`] : []));
    const raised = alerts
      .filter(({ alert }) => alert === 'DexterRaised')
      .flatMap(({ expr, labels }) => {
        const [, names = ''] = /name=~"([^"]+)"/.exec(expr) ?? [];
        expect(expr).toContain(`level="${labels?.severity}"`);
        return names.split('|').map((name) => `${name} ${labels?.severity}`);
      });
    const all = alertNames.flatMap((name) => [`${name} warning`, `${name} critical`]);
    expect([...own, ...raised].sort()).toEqual(all.sort());
  });

  it('is on metrics and labels that `GET /metrics` has', () => {
    const given = new Map(
      [...ledgerMetricDocs, ...processMetricDocs].map(({ name, type, labelNames }) => [
        type === 'histogram' ? `${name}_bucket` : name,
        labelNames,
      ]),
    );
    const used = [...text.matchAll(/\b(dexter_[a-z0-9_]+)(?:\{([^}]*)\})?/g)].filter(
      ([, name]) => name !== 'dexter_',
    );
    expect(used.length).toBeGreaterThan(10);
    for (const [, name = '', labels = ''] of used) {
      expect([...given.keys()]).toContain(name);
      const known = given.get(name) ?? [];
      for (const [, label = ''] of labels.matchAll(/(\w+)=/g)) expect(known).toContain(label);
    }
  });

  it('leads to the section of each alert', async () => {
    const page = await readFile(new URL('docs/operations.md', root), 'utf8');
    for (const { annotations } of alerts) {
      const [path, anchor = ''] = annotations?.runbook.split('#') ?? [];
      expect(path).toBe('docs/operations.md');
      expect(page.toLowerCase()).toMatch(new RegExp(`^#+ \`?${anchor}\`?$`, 'm'));
    }
  });
});
