import { html } from 'hono/html';
import { alertKinds } from '../../alerts/alert-kinds.ts';
import type { CurrentAlert } from '../../alerts/current-alerts.ts';
import type { AlertRule } from '../../alerts/evaluate.ts';
import { formatValue } from '../../alerts/words.ts';
import type { Tone } from '../../core/status.ts';
import type { PartHealth } from '../../health/part-health.ts';
import type { Readiness } from '../../health/routes.ts';
import type { Services } from '../../jobs/services.ts';
import type { Html, Text } from '../html.ts';
import type { Page } from '../layout.ts';
import { badge, levelBadge } from '../parts/badge.ts';
import { facts } from '../parts/facts.ts';
import { moment } from '../parts/moment.ts';
import { outsideLink } from '../parts/outside-link.ts';
import { section } from '../parts/section.ts';
import { table } from '../parts/table.ts';
import { line } from '../parts/untrusted.ts';
import type { SettingGroup, ShownSettings } from '../shown-settings.ts';
import { version } from '../version.ts';

/** What the page is told of the app beside the ledger. */
export interface AppState {
  settings: ShownSettings;
  backend: 'pglite' | 'postgres';
  /** Whether the app takes what it is told, as `/readyz` says it. */
  readiness: () => Promise<Readiness>;
  /** Takes secrets out of what others said: they may say what they were told. */
  redact: (text: string) => string;
}

const docs = 'https://github.com/dexter-app/dexter/blob/main/docs';
const longestSaid = 300;

/** How the app is, and how it was set up: for administrators. */
export async function settingsPage(
  { health }: Pick<Services, 'health'>,
  { settings, backend, readiness, redact }: AppState,
  alerts: readonly CurrentAlert[],
): Promise<Page> {
  const ready = await readiness();
  return {
    title: 'Settings',
    path: '/settings',
    body: html`
      ${healthSection(ready, health?.parts() ?? [], redact)}
      ${alertSection(settings.rules, alerts)}
      <div class="even">${settings.groups.map(groupSection)}</div>
      ${aboutSection(backend)}`,
  };
}

function healthSection(
  { database, migrations, queue, worker }: Readiness,
  parts: readonly PartHealth[],
  redact: AppState['redact'],
): Html {
  const own: [name: string, state: State][] = [
    ['Database', database],
    ['Migrations of the database', migrations],
    ['Queue', queue],
    ['Worker', worker],
  ];
  return section({
    id: 'health',
    title: 'Health',
    note: 'What the app is made of is looked at now; what it works with, at most every 30 seconds, by the process that answers.',
    isLive: true,
    body: table({
      caption: 'Parts',
      isCaptionHidden: true,
      narrow: 'cards',
      columns: ['Part', 'State', 'Since', { label: 'Said', isLong: true }],
      rows: [
        ...own.map(([name, state]): Text[] => [name, stateBadge(state), '–', '–']),
        ...parts.map(({ part, name, state, since, said }): Text[] => [
          html`${partNames[part]}${name === undefined ? '' : html` ${line(name, 80)}`}`,
          stateBadge(state),
          since === undefined ? '–' : moment(since),
          said === undefined ? '–' : line(redact(said), longestSaid),
        ]),
      ],
      empty: 'Nothing is looked at.',
    }),
  });
}

const partNames: Record<PartHealth['part'], string> = {
  github: 'GitHub',
  jira: 'JIRA',
  redis: 'Redis',
  store: 'Store of sessions',
};

type State = PartHealth['state'] | Readiness['migrations'] | Readiness['worker'];

const tones: Record<State, Tone> = {
  ok: 'good',
  off: 'quiet',
  unknown: 'waiting',
  stopping: 'warning',
  missing: 'bad',
  'no answer': 'bad',
  refused: 'bad',
};

function stateBadge(state: State): Html {
  return badge(state, tones[state]);
}

function alertSection(rules: readonly AlertRule[], alerts: readonly CurrentAlert[]): Html {
  return section({
    id: 'alerts',
    title: 'Alerts',
    note: html`The thresholds that are in force. ${outsideLink(`${docs}/operations.md`, 'What each means, and what to do')}`,
    isLive: true,
    body: table({
      caption: 'Thresholds of alerts',
      isCaptionHidden: true,
      narrow: 'cards',
      columns: [
        'Alert',
        'Setting',
        { label: 'Warning', isNumeric: true },
        { label: 'Critical', isNumeric: true },
        { label: 'Now', isLong: true },
      ],
      rows: rules.map(({ name, worse, warning, critical }) => {
        const { title, unit } = alertKinds[name];
        return [
          title,
          html`<code>alerts.${name}</code>`,
          `${worse} ${formatValue(unit, warning)}`,
          `${worse} ${formatValue(unit, critical)}`,
          nowOf(alerts.filter((alert) => alert.name === name)),
        ];
      }),
      empty: 'All alerts are switched off.',
    }),
  });
}

/** Of one rule: everything that it holds for, the worst first. */
function nowOf(alerts: readonly CurrentAlert[]): Html {
  if (alerts.length === 0) return levelBadge('ok');
  return html`${alerts.map(
    ({ level, label, comparison }) =>
      html`<div>${levelBadge(level)} ${label === '' ? '' : html`${line(label, 80)}: `}${comparison}</div>`,
  )}`;
}

function groupSection({ title, settings }: SettingGroup): Html {
  return section({
    id: `settings-${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`,
    title,
    body: table({
      caption: `Settings: ${title}`,
      isCaptionHidden: true,
      narrow: 'cards',
      columns: ['Setting', { label: 'In force', isLong: true }],
      rows: settings.map(({ name, value }) => [
        html`<code>${name}</code>`,
        html`${[value].flat().map((one) => html`<div>${line(one, longestSaid)}</div>`)}`,
      ]),
      empty: 'Nothing is set.',
    }),
  });
}

function aboutSection(backend: AppState['backend']): Html {
  return section({
    id: 'about',
    title: 'About',
    body: facts([
      ['Dexter', version],
      ['Node.js', process.version],
      ['Database', backend === 'pglite' ? 'embedded (PGlite)' : 'Postgres'],
      ['What people did here', html`<a href="/audit">Audit</a>`],
      [
        'Figures of the caches',
        html`<a href="/metrics/cache">/metrics/cache</a> (with the token, or from this machine)`,
      ],
      ['Every setting explained', outsideLink(`${docs}/install.md`, 'Installing Dexter')],
      ['Running it', outsideLink(`${docs}/operations.md`, 'Operations')],
    ]),
  });
}
