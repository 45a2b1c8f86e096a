/** What a panel shows: a query of Prometheus and what each of its lines is called. */
type Query = [expr: string, legend: string];

interface Panel {
  title: string;
  says: string;
  queries: Query[];
  unit?: string;
  kind?: 'timeseries' | 'stat' | 'table';
  stacked?: boolean;
  /** From which value on it is yellow, and red. */
  thresholds?: [warning: number, critical: number];
  max?: number;
}

const range = '$__rate_interval';

/** Of the chosen job: one query for all processes of one Dexter. */
const of = (metric: string, more = '') => `${metric}{job="$job"${more === '' ? '' : `, ${more}`}}`;

/** The ledger's figures are the same from every process, so any one of them is right. */
const ledger = (metric: string, labels = '') => `max by (${labels}) (${of(metric)})`;

const rateOf = (metric: string, labels: string) => `max by (${labels}) (rate(${of(metric)}[${range}]))`;

const growth = (metric: string, labels: string, period: string) =>
  `max by (${labels}) (increase(${of(metric)}[${period}]))`;

/** `labels` are all that the histogram has, `kept` those that the lines are told apart by. */
function percentile(q: number, histogram: string, labels: string, kept = ''): string {
  const each = rateOf(`${histogram}_bucket`, `${labels}, le`);
  return `histogram_quantile(${q}, sum by (${kept === '' ? 'le' : `${kept}, le`}) (${each}))`;
}

/** What a process knows of itself is added up over all of them. */
const everywhere = (metric: string, labels: string, more = '') =>
  `sum by (${labels}) (rate(${of(metric, more)}[${range}]))`;

const failed = 'status!="2xx"';

const rows: Record<string, Panel[]> = {
  Now: [
    {
      title: 'Ledger',
      says: '1 when the database answers all processes.',
      kind: 'stat',
      queries: [[`min(${of('dexter_ledger_up')})`, 'up']],
    },
    {
      title: 'Commands under way',
      says: 'Commands without an end.',
      kind: 'stat',
      queries: [[`sum(${ledger('dexter_commands_open', 'source, status')})`, 'open']],
    },
    {
      title: 'In the queue',
      says: 'Commands that wait for their turn, or for a process that takes them.',
      kind: 'stat',
      queries: [[ledger('dexter_queue_depth'), 'waiting']],
    },
    {
      title: 'Oldest in the queue',
      says: 'It may wait for an earlier command of its issue, which may take hours.',
      kind: 'stat',
      unit: 's',
      thresholds: [900, 3_600],
      queries: [[ledger('dexter_queue_oldest_age_seconds'), 'age']],
    },
    {
      title: 'Cost of a day',
      says: 'US dollars that runs of the last 24 hours cost, as far as they are known.',
      kind: 'stat',
      unit: 'currencyUSD',
      queries: [[`sum(${growth('dexter_cost_usd_total', 'model', '24h')})`, 'cost']],
    },
    {
      title: 'Saved by sessions',
      says: 'US dollars against cold starts, estimated, of all time.',
      kind: 'stat',
      unit: 'currencyUSD',
      queries: [[ledger('dexter_estimated_savings_usd'), 'saved']],
    },
    {
      title: 'Alerts',
      says: 'What Dexter itself warns of.',
      kind: 'table',
      queries: [[`${ledger('dexter_alert', 'name, label, level')} > 0`, '']],
    },
  ],
  Commands: [
    {
      title: 'Ended, by the hour',
      says: 'How commands ended.',
      stacked: true,
      queries: [
        [`sum by (status) (${rateOf('dexter_commands_ended_total', 'source, status')}) * 3600`, '{{status}}'],
      ],
    },
    {
      title: 'Under way',
      says: 'Where commands without an end stand.',
      stacked: true,
      queries: [[`sum by (status) (${ledger('dexter_commands_open', 'source, status')})`, '{{status}}']],
    },
    {
      title: 'From arrival to dispatch',
      says: 'Waiting in the queue included.',
      unit: 's',
      queries: [
        [percentile(0.5, 'dexter_dispatch_latency_seconds', 'source'), 'half'],
        [percentile(0.95, 'dexter_dispatch_latency_seconds', 'source'), '95 of 100'],
      ],
    },
    {
      title: 'Duration of runs',
      says: 'From the claim of a run to the end of its command.',
      unit: 's',
      queries: [
        [percentile(0.5, 'dexter_run_duration_seconds', 'source, status'), 'half'],
        [percentile(0.95, 'dexter_run_duration_seconds', 'source, status'), '95 of 100'],
      ],
    },
    {
      title: 'Given up',
      says: 'Commands that waited for too long, and ends that could not be told, in 24 hours; ends that wait to be told.',
      queries: [
        [growth('dexter_dead_letters_total', 'reason', '24h'), '{{reason}}'],
        [ledger('dexter_ends_untold'), 'not told yet'],
      ],
    },
    {
      title: 'How runs went on',
      says: 'Runs of all time, by how they took up their session.',
      stacked: true,
      queries: [[`sum by (choice) (${ledger('dexter_runs', 'outcome, choice')})`, '{{choice}}']],
    },
  ],
  'Cost and saving': [
    {
      title: 'Cost, by the hour',
      says: 'US dollars, by model.',
      unit: 'currencyUSD',
      stacked: true,
      queries: [[`${rateOf('dexter_cost_usd_total', 'model')} * 3600`, '{{model}}']],
    },
    {
      title: 'Tokens, by the hour',
      says: 'By kind.',
      stacked: true,
      queries: [[`sum by (kind) (${rateOf('dexter_tokens_total', 'model, kind')}) * 3600`, '{{kind}}']],
    },
    {
      title: 'Saved',
      says: 'By sessions against cold starts, and by the prompt cache against the same input uncached: the first holds a part of the second.',
      unit: 'currencyUSD',
      queries: [
        [ledger('dexter_estimated_savings_usd'), 'sessions'],
        [ledger('dexter_prompt_cache_savings_usd'), 'prompt cache'],
      ],
    },
    {
      title: 'Missed prompt cache',
      says: 'Runs in 24 hours that read far less from it than they should have, by the likely cause.',
      queries: [[`${growth('dexter_canary_total', 'cause', '24h')} > 0`, '{{cause}}']],
    },
  ],
  Caches: [
    {
      title: 'Hit rate',
      says: 'Of the last hour; nothing where nothing was read.',
      unit: 'percentunit',
      max: 1,
      queries: [
        [
          `${growth('dexter_cache_hits_total', 'layer', '1h')} / (${growth('dexter_cache_hits_total', 'layer', '1h')} + ${growth('dexter_cache_misses_total', 'layer', '1h')})`,
          '{{layer}}',
        ],
      ],
    },
    {
      title: 'Reading',
      says: '99 of 100 readings are faster. A session is a whole archive, which takes seconds.',
      unit: 's',
      queries: [[percentile(0.99, 'dexter_cache_read_duration_seconds', 'layer', 'layer'), '{{layer}}']],
    },
    {
      title: 'Writing',
      says: '99 of 100 writings are faster.',
      unit: 's',
      queries: [[percentile(0.99, 'dexter_cache_write_duration_seconds', 'layer', 'layer'), '{{layer}}']],
    },
    {
      title: 'Failed writings',
      says: 'In 24 hours. Of sessions: what a run learned was not kept.',
      queries: [[growth('dexter_cache_write_failures_total', 'layer', '24h'), '{{layer}}']],
    },
    {
      title: 'Sizes',
      says: 'What caches, Redis and the workspaces of runners take.',
      unit: 'bytes',
      queries: [
        [ledger('dexter_cache_size_bytes', 'layer'), '{{layer}}'],
        [ledger('dexter_redis_memory_bytes'), 'all of Redis'],
        [ledger('dexter_workspace_largest_size_bytes'), 'largest workspace'],
        [ledger('dexter_workspace_least_free_bytes'), 'free on the fullest disk of a runner'],
      ],
    },
    {
      title: 'Entries',
      says: 'Of sessions their archives.',
      queries: [
        [ledger('dexter_cache_items', 'layer'), '{{layer}}'],
        [ledger('dexter_sessions'), 'sessions'],
      ],
    },
  ],
  'The app': [
    {
      title: 'Answering webhooks and runners',
      says: '95 of 100 requests are faster, by route.',
      unit: 's',
      queries: [
        [
          `histogram_quantile(0.95, ${everywhere('dexter_http_request_duration_seconds_bucket', 'route, le')})`,
          '{{route}}',
        ],
      ],
    },
    {
      title: 'Answers a second',
      says: 'By class of status.',
      stacked: true,
      queries: [[everywhere('dexter_http_request_duration_seconds_count', 'status'), '{{status}}']],
    },
    {
      title: 'Requests that GitHub still takes',
      says: 'By installation and kind of limit; nothing where nothing was asked since the limit was reset.',
      queries: [
        [
          `min by (installation, resource) (${of('dexter_github_rate_limit_remaining')})`,
          '{{installation}} {{resource}}',
        ],
      ],
    },
    {
      title: 'Requests to GitHub and JIRA that failed, a second',
      says: 'Refused (4xx), failed (5xx), not answered (none).',
      queries: [
        [everywhere('dexter_github_requests_total', 'status', failed), 'GitHub {{status}}'],
        [everywhere('dexter_jira_requests_total', 'status', failed), 'JIRA {{status}}'],
      ],
    },
    {
      title: 'Memory',
      says: 'Of each process.',
      unit: 'bytes',
      queries: [[of('process_resident_memory_bytes'), '{{instance}}']],
    },
    {
      title: 'Processor and event loop',
      says: 'Share of a core, and how late the event loop is (99 of 100 are less).',
      queries: [
        [`rate(${of('process_cpu_seconds_total')}[${range}])`, 'cores of {{instance}}'],
        [of('nodejs_eventloop_lag_p99_seconds'), 'lag of {{instance}} in s'],
      ],
    },
  ],
};

// The variable of that name, in Grafana's own syntax.
const datasource = { type: 'prometheus', uid: '$datasource' };

const columns = 24;

/** https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ */
export function grafanaDashboard() {
  let id = 0;
  let y = 0;
  const panels = Object.entries(rows).flatMap(([title, group]) => {
    id += 1;
    const head = {
      id,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: columns, h: 1 },
    };
    y += 1;
    let x = 0;
    let height = 0;
    const placed = group.map((panel) => {
      const [w, h] = sizeOf(panel);
      if (x + w > columns) {
        y += height;
        [x, height] = [0, 0];
      }
      id += 1;
      const gridPos = { x, y, w, h };
      x += w;
      height = Math.max(height, h);
      return panelOf(panel, id, gridPos);
    });
    y += height;
    return [head, ...placed];
  });
  return {
    __requires: [
      { type: 'grafana', id: 'grafana', name: 'Grafana', version: '10.0.0' },
      { type: 'datasource', id: 'prometheus', name: 'Prometheus', version: '1.0.0' },
    ],
    uid: 'dexter',
    title: 'Dexter',
    description: 'Commands, cost, caches and the app itself, from GET /metrics.',
    tags: ['dexter'],
    schemaVersion: 38,
    version: 1,
    editable: true,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-24h', to: 'now' },
    templating: {
      list: [
        {
          name: 'datasource',
          label: 'Prometheus',
          type: 'datasource',
          query: 'prometheus',
          current: {},
          hide: 0,
          includeAll: false,
          multi: false,
          options: [],
          refresh: 1,
        },
        {
          name: 'job',
          label: 'Job',
          type: 'query',
          datasource,
          query: { query: 'label_values(dexter_ledger_up, job)', refId: 'job' },
          definition: 'label_values(dexter_ledger_up, job)',
          current: {},
          hide: 0,
          includeAll: false,
          multi: false,
          options: [],
          refresh: 1,
          sort: 1,
        },
      ],
    },
    annotations: { list: [] },
    links: [],
    panels,
  };
}

function sizeOf({ kind }: Panel): [w: number, h: number] {
  if (kind === 'stat') return [4, 4];
  return kind === 'table' ? [columns, 6] : [12, 8];
}

function panelOf(panel: Panel, id: number, gridPos: object) {
  const { title, says, queries, unit = 'short', kind = 'timeseries', thresholds, max } = panel;
  const isTable = kind === 'table';
  return {
    id,
    type: kind,
    title,
    description: says,
    datasource,
    gridPos,
    targets: queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr,
      legendFormat,
      range: kind === 'timeseries',
      instant: kind !== 'timeseries',
      ...(isTable ? { format: 'table' } : {}),
    })),
    fieldConfig: {
      defaults: {
        unit,
        min: kind === 'timeseries' && title !== 'Saved' ? 0 : undefined,
        max,
        color: { mode: thresholds ? 'thresholds' : 'palette-classic' },
        thresholds: { mode: 'absolute', steps: stepsOf(thresholds) },
        ...(kind === 'timeseries' ? { custom: lines(panel) } : {}),
      },
      overrides: [],
    },
    options: optionsOf(kind),
    ...(isTable
      ? {
          transformations: [
            {
              id: 'organize',
              options: { excludeByName: { Time: true }, renameByName: { Value: 'how many' } },
            },
          ],
        }
      : {}),
  };
}

function stepsOf(thresholds: Panel['thresholds']) {
  const [warning, critical] = thresholds ?? [];
  return [
    { color: 'green', value: null },
    ...(warning === undefined ? [] : [{ color: 'yellow', value: warning }]),
    ...(critical === undefined ? [] : [{ color: 'red', value: critical }]),
  ];
}

function lines({ stacked = false }: Panel) {
  return {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: stacked ? 30 : 0,
    showPoints: 'never',
    spanNulls: false,
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
  };
}

function optionsOf(kind: NonNullable<Panel['kind']>) {
  switch (kind) {
    case 'stat':
      return { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'value' };
    case 'table':
      return { showHeader: true };
    case 'timeseries':
      return {
        legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
        tooltip: { mode: 'multi', sort: 'desc' },
      };
  }
}
