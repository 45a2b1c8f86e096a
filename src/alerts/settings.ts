import { z } from 'zod';
import { type AlertKind, type AlertName, alertKinds, alertNames, kindOf } from './alert-kinds.ts';
import type { AlertRule } from './evaluate.ts';

const hours = 'a whole number of hours from 1 to 720';
const sample = 'a whole number from 1 to 100000';

/**
 * What is clearly on the other side of a threshold: a level is left only there, so that a value that sways around the
 * threshold makes one change.
 */
const margin = 0.1;

function thresholdsOf(kind: AlertKind) {
  const [wanted, threshold] = thresholdOf(kind);
  const way = { above: 'more than', 'at least': 'at least', below: 'less than' }[kind.worse];
  const level = (fallback: number, words: string) =>
    threshold.default(fallback).meta({ description: `${words}: ${way} this, ${kind.settingUnit}` });
  return z
    .union(
      [
        z.literal('off'),
        z
          .strictObject({
            warning: level(kind.warning, 'Warning'),
            critical: level(kind.critical, 'Critical'),
          })
          .check(({ value, issues }) => {
            const { warning, critical } = value;
            const isLaxer = kind.worse === 'below' ? critical > warning : critical < warning;
            if (!isLaxer) return;
            const order = kind.worse === 'below' ? 'above' : 'below';
            issues.push({
              code: 'custom',
              input: value,
              // Otherwise the union would only say what all of its forms are.
              continue: true,
              message: `has a \`critical\` (${critical}) ${order} its \`warning\` (${warning}): it would be critical before it warns. Set both`,
            });
          }),
      ],
      { error: `\`off\`, or \`warning\` and \`critical\`, each ${wanted}` },
    )
    .prefault({})
    .meta({ description: `${kind.looksAt}; or \`off\`` });
}

function thresholdOf({ unit, worse, settingUnit }: AlertKind): [wanted: string, z.ZodNumber] {
  if (unit === 'share' && worse !== 'at least') {
    const wanted = 'a share from 0 to 1, such as 0.5';
    return [wanted, z.number(wanted).min(0, wanted).max(1, wanted)];
  }
  // The largest keeps sums exact; nothing that is reached by 0 would ever be over.
  const wanted = `${settingUnit}, more than 0 and at most 1000000`;
  return [wanted, z.number(wanted).positive(wanted).max(1_000_000, wanted)];
}

const rules = Object.fromEntries(alertNames.map((name) => [name, thresholdsOf(kindOf(name))])) as Record<
  AlertName,
  ReturnType<typeof thresholdsOf>
>;

/** `alerts:` of `dexter.yml`. */
export const AlertSettings = z
  .strictObject({
    windowHours: z.int(hours).min(1, hours).max(720, hours).default(24).meta({
      description: 'How far back is looked where something is counted or measured, from the full hour on',
    }),
    minimumSample: z.int(sample).min(1, sample).max(100_000, sample).default(20).meta({
      description: 'Fewer readings than this in the window say nothing of shares and latencies',
    }),
    ...rules,
  })
  .meta({
    description:
      'When Dexter warns of itself: `warning` and `critical` of each alert, or `off` (docs/operations.md)',
  });
export type AlertSettings = z.infer<typeof AlertSettings>;

/** The rules that are switched on, in the units of the figures. */
export function rulesOf(settings: AlertSettings): AlertRule[] {
  return alertNames.flatMap((name) => {
    const levels = settings[name];
    if (levels === 'off') return [];
    const { worse, factor, isSampled, silence, unit } = alertKinds[name];
    const warning = levels.warning * factor;
    const critical = levels.critical * factor;
    const minimumSample = isSampled ? settings.minimumSample : 0;
    return [
      {
        name,
        worse,
        warning,
        critical,
        minimumSample,
        silence,
        margin,
        most: unit === 'share' ? 1 : undefined,
      },
    ];
  });
}
