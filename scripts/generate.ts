// Writes what follows from the code: the schemas of both configurations, and the tables between the markers of
// README.md, docs/doctor.md, docs/estimate.md, docs/metrics.md, docs/operations.md, docs/prices.md and docs/resume-policy.md; and the
// dashboard for Grafana.
// `--check` writes nothing, names the stale files and the command that mends them.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { Inputs } from '../action/inputs.ts';
import { alertNames, kindOf } from '../src/alerts/alert-kinds.ts';
import { formatValue } from '../src/alerts/words.ts';
import { checks } from '../src/cli/doctor/checks/index.ts';
import { valueFlags } from '../src/cli/estimate/flags.ts';
import { defaultPage } from '../src/cli/estimate/run-estimate.ts';
import { commandDocs, flagDocs } from '../src/commands/parse.ts';
import { RepositoryConfig } from '../src/commands/repository-config.ts';
import { DexterConfig, environmentDocs } from '../src/config.ts';
import { encodeInputs, type Job } from '../src/core/job.ts';
import { modelPrices, type TokenPrices } from '../src/pricing/model-prices.ts';
import { grafanaDashboard } from './grafana-dashboard.ts';
import { ledgerMetricDocs, metricHead, metricRows, processMetricDocs } from './metric-docs.ts';
import { decisionHead, decisionRows, figureRows } from './resume-policy.ts';

const ActionFile = z.object({
  inputs: z.record(
    z.string(),
    z.object({
      description: z.string(),
      required: z.boolean().default(false),
      default: z.coerce.string().default(''),
    }),
  ),
});
type ActionInputs = z.infer<typeof ActionFile>['inputs'];

const at = (file: string) => new URL(`../${file}`, import.meta.url);
const check = process.argv.includes('--check');

const inputs = ActionFile.parse(parseYaml(await readFile(at('action/action.yml'), 'utf8'))).inputs;
const problems = inputProblems(inputs);
await bringUpToDate('dexter.schema.json', schemaOf('dexter.schema.json', DexterConfig));
await bringUpToDate('repository.schema.json', schemaOf('repository.schema.json', RepositoryConfig));
if (existsSync(at('README.md'))) {
  const tables = {
    commands: commandTable(),
    config: environmentTable(),
    inputs: inputTable(inputs),
  };
  await bringUpToDate('README.md', await withTables('README.md', tables));
} else {
  console.error('README.md does not exist yet: its tables are left out.');
}

await bringUpToDate(
  'docs/doctor.md',
  await withTables('docs/doctor.md', {
    'app-checks': checkTable('app'),
    'jira-checks': checkTable('jira'),
    'repository-checks': checkTable('repository'),
  }),
);

await bringUpToDate(
  'docs/operations.md',
  await withTables('docs/operations.md', { alerts: alertSections() }),
);
await bringUpToDate('docs/prices.md', await withTables('docs/prices.md', { prices: priceTable() }));
await bringUpToDate(
  'docs/resume-policy.md',
  await withTables('docs/resume-policy.md', {
    figures: table(['Figure', 'What it is'], figureRows()),
    decisions: table(decisionHead, decisionRows()),
  }),
);
await bringUpToDate(
  'docs/estimate.md',
  await withTables('docs/estimate.md', { flags: estimateFlagTable(), estimate: defaultPage() }),
);

await bringUpToDate(
  'docs/metrics.md',
  await withTables('docs/metrics.md', {
    ledger: table(metricHead, metricRows(ledgerMetricDocs)),
    process: table(metricHead, metricRows(processMetricDocs)),
  }),
);
await bringUpToDate('docs/grafana-dashboard.json', `${JSON.stringify(grafanaDashboard(), null, 2)}\n`);

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

async function bringUpToDate(file: string, wanted: string) {
  const current = existsSync(at(file)) ? await readFile(at(file), 'utf8') : undefined;
  if (current === wanted) return;
  if (check) {
    problems.push(`${file} is stale. Run \`npm run generate\` and commit the result.`);
  } else {
    await writeFile(at(file), wanted);
    console.error(`${file} written.`);
  }
}

/** JSON Schema of a configuration as a person writes it: what has a default may be left out. */
function schemaOf(file: string, config: z.ZodType): string {
  const { $schema, ...schema } = z.toJSONSchema(config, { io: 'input' });
  return `${JSON.stringify({ $schema, $id: file, title: config.meta()?.title, ...schema }, null, 2)}\n`;
}

async function withTables(file: string, tables: Record<string, string>): Promise<string> {
  let text = await readFile(at(file), 'utf8');
  for (const [name, table] of Object.entries(tables)) {
    const [open, close] = [`<!-- generated:${name} -->`, `<!-- /generated:${name} -->`];
    const [start, end] = [text.indexOf(open), text.indexOf(close)];
    if (start < 0 || end < start) {
      problems.push(`${file} lacks the lines \`${open}\` and \`${close}\`: its table has no place to go.`);
      continue;
    }
    text = `${text.slice(0, start + open.length)}\n${table}\n${text.slice(end)}`;
  }
  return text;
}

function commandTable(): string {
  return [
    table(
      ['Command', 'What it does'],
      commandDocs.map(({ usage, does }) => [`\`@dexter ${usage}\``, does]),
    ),
    table(
      ['Flag', 'What it does'],
      flagDocs.map(({ usage, does }) => [`\`${usage}\``, does]),
    ),
  ].join('\n\n');
}

function checkTable(wanted: (typeof checks)[number]['area']): string {
  return table(
    ['Check', 'What it looks at', 'What mends it', 'Needs'],
    checks
      .filter(({ area }) => area === wanted)
      .map(({ id, title, looksAt, mend, needs }) => [
        `${title} (\`${id}\`)`,
        looksAt,
        mend,
        needs.map((need) => `\`${need}\``).join(', '),
      ]),
  );
}

function priceTable(): string {
  const notes = new Map<string, number>();
  const noteOf = (text: string) => {
    const number = notes.get(text) ?? notes.size + 1;
    notes.set(text, number);
    return `<sup>${number}</sup>`;
  };
  const sources = new Map<string, string>();
  const rows = modelPrices.flatMap((prices) => {
    const { model, longPrompt, minimumCacheableTokens, source, date, note } = prices;
    const letter = sources.get(source + date) ?? String.fromCharCode(97 + sources.size);
    sources.set(source + date, letter);
    const row = (name: string, each: TokenPrices) => [
      name,
      ...[each.input, each.cacheWrite5m, each.cacheWrite1h, each.cacheRead, each.output].map(dollars),
      minimumCacheableTokens.toLocaleString('en-US') + (note ? noteOf(note) : ''),
      letter,
    ];
    const above =
      longPrompt && `\`${model}\`, prompts above ${longPrompt.aboveTokens.toLocaleString('en-US')} tokens`;
    return [row(`\`${model}\``, prices), ...(longPrompt && above ? [row(above, longPrompt)] : [])];
  });
  const head = ['Model', 'Input', '5-minute write', '1-hour write', 'Read', 'Output', 'Minimum', 'Source'];
  const from = modelPrices.map(({ source, date }) => `${sources.get(source + date)}: <${source}>, ${date}`);
  const footnotes = [...notes].map(([text, number]) => `${number}: ${text}`);
  return [table(head, rows), [...new Set(from), ...footnotes].join('  \n')].join('\n\n');
}

function alertSections(): string {
  return alertNames
    .map((name) => {
      const { title, looksAt, worse, unit, warning, critical, factor, settingUnit, meaning, whatToDo } =
        kindOf(name);
      const level = (setting: number) => `${worse} ${formatValue(unit, setting * factor)}`;
      return [
        `#### \`${name}\``,
        `*${title}.* ${looksAt}.`,
        `**Warning** ${level(warning)}, **critical** ${level(critical)}; the setting is ${settingUnit}.`,
        `**It means:** ${meaning}`,
        `**What to do:** ${whatToDo}`,
      ].join('\n\n');
    })
    .join('\n\n');
}

function dollars(price: number): string {
  const digits = Math.max(2, (String(price).split('.')[1] ?? '').length);
  return `$${price.toFixed(digits)}`;
}

function environmentTable(): string {
  return table(
    ['Variable', 'What it is', 'Default'],
    environmentDocs.map(({ name, description, required, default: fallback }) => [
      `\`${name}\``,
      description,
      required ? '**required**' : fallback,
    ]),
  );
}

function inputTable(inputs: ActionInputs): string {
  return table(
    ['Input', 'What it is', 'Default'],
    Object.entries(inputs).map(([name, { description, required, default: fallback }]) => [
      `\`${name}\``,
      description,
      required ? '**required**' : shortDefault(fallback),
    ]),
  );
}

function shortDefault(value: string): string {
  if (value === '') return '';
  return value.trim().includes('\n') ? 'a list, see `action/action.yml`' : `\`${value}\``;
}

function estimateFlagTable(): string {
  return table(
    ['Flag', 'What it is', 'Default', 'Where that comes from'],
    valueFlags.map(({ flag, value, says, default: usual, from }) => [
      `\`${flag} ${value}\``,
      says,
      usual,
      from,
    ]),
  );
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) =>
    `| ${cells.map((cell) => cell.trim().replace(/\s+/g, ' ').replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** action.yml declares what the app sends and what the action parses: no more, no less. */
function inputProblems(inputs: ActionInputs): string[] {
  const declared = Object.keys(inputs);
  const parsed = Object.keys(Inputs.shape);
  const sent = Object.keys(encodeInputs({} as Job));
  return [
    ...missing(sent, declared, 'is sent by the app, but not declared'),
    ...missing(parsed, declared, 'is parsed by action/inputs.ts, but not declared'),
    ...missing(declared, parsed, 'is declared, but not parsed by action/inputs.ts'),
  ];
}

function missing(names: string[], from: string[], what: string): string[] {
  return names
    .filter((name) => !from.includes(name))
    .map((name) => `action/action.yml: the input \`${name}\` ${what}.`);
}
