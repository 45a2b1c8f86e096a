import type { Task } from '../../demo/model/task.ts';
import { type SeededRandom, seededRandom } from '../seeded-random.ts';

/** One command of a person, and what has to be read and changed for it. */
export interface Step {
  /** What the person asks; the task matches it. */
  instruction: string;
  /** What was written on the ticket since the command before, as Markdown. */
  news: string;
  task: Task;
}

export interface Workload {
  /** The repository, by path. */
  files: Map<string, string>;
  /** The ticket's first command and its follow-ups. */
  steps: [Step, ...Step[]];
}

/** How large it all is; the numbers of files are those of shared economics.md. */
export interface WorkloadSize {
  files: number;
  /** Lines of a file, on average. */
  lines: number;
  /** Read by the first command. */
  firstReads: number;
  /** Of those, needed by each follow-up, which also needs `newReads` others and edits `edits`. */
  needed: number;
  newReads: number;
  edits: number;
  followUps: number;
}

/** 55 files of this size are about 128,000 tokens; with tools and system prompt the first run ends at 140,000. */
export const ticketSize: WorkloadSize = {
  files: 400,
  lines: 135,
  firstReads: 55,
  needed: 38,
  newReads: 3,
  edits: 2,
  followUps: 3,
};

const seed = 20_261_102;

const areas = [
  'cart',
  'catalog',
  'checkout',
  'customers',
  'invoices',
  'orders',
  'payments',
  'shipping',
  'stock',
  'taxes',
] as const;
const verbs = [
  'apply',
  'check',
  'collect',
  'compare',
  'find',
  'format',
  'group',
  'load',
  'merge',
  'parse',
  'round',
  'sort',
  'split',
  'store',
  'total',
] as const;
const nouns = [
  'address',
  'amount',
  'basket',
  'batch',
  'carrier',
  'coupon',
  'credit',
  'discount',
  'entry',
  'item',
  'ledger',
  'limit',
  'parcel',
  'price',
  'quote',
  'rate',
  'refund',
  'region',
  'voucher',
  'window',
] as const;
const reasons = [
  'The customer sees this figure, so it is rounded once and at the end.',
  'Two of them may arrive at the same moment; the later one wins.',
  'Older clients leave this out, which means the default of the region.',
  'An empty list is not an error here: there is nothing to do then.',
  'The bookkeeping wants the earlier value kept beside the new one.',
] as const;

/** The same repository and the same ticket for the same size, on every machine. */
export function makeWorkload(size: WorkloadSize): Workload {
  const random = seededRandom(seed);
  const files = new Map<string, string>();
  for (let index = 0; index < size.files; index += 1) {
    const area = areas[index % areas.length] ?? areas[0];
    const name = `${random.pick(verbs)}-${random.pick(nouns)}-${index}`;
    files.set(`src/${area}/${name}.ts`, moduleText(random, size.lines, area, index));
  }
  files.set('package.json', '{ "name": "shop", "private": true, "type": "module" }\n');

  const paths = [...files.keys()].filter((path) => path.endsWith('.ts'));
  const shuffled = shuffle(random, paths);
  const first = shuffled.slice(0, size.firstReads);
  const others = shuffled.slice(size.firstReads);
  const now = new Map(files);
  const steps = Array.from({ length: size.followUps + 1 }, (_, index) => {
    const fresh = others.splice(0, size.newReads);
    const needs = index === 0 ? first : [...shuffle(random, first).slice(0, size.needed), ...fresh];
    const edits = needs.slice(0, size.edits).map((path) => {
      const content = withChange(now.get(path) ?? '', index);
      now.set(path, content);
      return { path, content };
    });
    return stepOf(index, { needs, edits });
  });
  const [ticket, ...followUps] = steps;
  if (ticket === undefined) throw new Error('A workload has at least the first command');
  return { files, steps: [ticket, ...followUps] };
}

function stepOf(index: number, { needs, edits }: Pick<Task, 'needs' | 'edits'>): Step {
  const rule = `rule ${index + 1}`;
  const instruction =
    index === 0 ? `implement this: apply ${rule} of the ticket` : `now apply ${rule} of the ticket as well`;
  return {
    instruction,
    news: newsText(index),
    task: {
      match: new RegExp(`apply ${rule} of the ticket`),
      needs,
      edits,
      run: [],
      answer: `I applied ${rule}: ${edits.map(({ path }) => path).join(', ')}.`,
    },
  };
}

const requirements =
  'Totals that a customer sees follow the same steps in the cart, in the invoice and in the refund. Today each of them rounds by itself, and support has to explain a difference of a cent every week. ';

/** The ticket's description, or a comment on it. */
function newsText(index: number): string {
  if (index === 0) return `# Totals differ by a cent\n\n${requirements.repeat(8)}`;
  return `Comment ${index} by Maria: we tried it on the staging shop. ${requirements.repeat(2)}`;
}

function moduleText(random: SeededRandom, lines: number, area: string, index: number): string {
  const wanted = Math.max(12, Math.round(lines * (0.6 + 0.8 * random.fraction())));
  const text = [`/** Part ${index} of ${area}. */`, `export const part${index} = '${area}';`, ''];
  while (text.length < wanted) text.push(...functionText(random, text.length));
  return `${text.join('\n')}\n`;
}

function functionText(random: SeededRandom, at: number): string[] {
  const [verb, noun, other] = [random.pick(verbs), random.pick(nouns), random.pick(nouns)];
  const name = `${verb}${noun.charAt(0).toUpperCase()}${noun.slice(1)}${at}`;
  return [
    `/** ${random.pick(reasons)} */`,
    `export function ${name}(${noun}s: readonly number[], ${other}Limit: number): number {`,
    `  const known = ${noun}s.filter((each) => Number.isFinite(each) && each <= ${other}Limit);`,
    `  if (known.length === 0) return ${random.below(1000)};`,
    `  const sum = known.reduce((total, each) => total + each * ${random.below(90) + 10}, 0);`,
    `  return Math.round(sum / known.length) % ${random.below(9000) + 1000};`,
    '}',
    '',
  ];
}

/** One function changed, and a new one after it: an edit in one place, as people and models make them. */
function withChange(content: string, step: number): string {
  const rule = `rule${step + 1}`;
  return content.replace(
    /( {2}return )(Math\.round\(sum \/ known\.length\).*\n\}\n)/,
    `$1${rule}($2`.replace('$2', 'Math.round(sum / known.length));\n}\n') +
      `\n/** Rule ${step + 1} of the ticket. */\nexport function ${rule}(cents: number): number {\n  return Math.round(cents * ${step + 2}) / ${step + 2};\n}\n`,
  );
}

function shuffle<T>(random: SeededRandom, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: random.fraction() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
