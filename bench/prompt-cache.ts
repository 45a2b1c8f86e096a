import type { Bench } from './bench.ts';
import { modelName } from './economics/names.ts';
import { benchPrices } from './economics/prices.ts';
import { judge } from './figure.ts';
import { type Cell, measureCells } from './prompt-cache/cell.ts';
import { directly, throughGateway } from './prompt-cache/contestants.ts';
import { makeConversation, mixed, shapes } from './prompt-cache/conversation.ts';
import { figuresOf } from './prompt-cache/figures.ts';
import { recordTicket } from './prompt-cache/recorded.ts';
import { markdownTables } from './prompt-cache/table.ts';
import { publishTable } from './publish.ts';

const parts: Record<string, (options: Parameters<Bench['run']>[0]) => AsyncGenerator<Cell>> = {
  async *shapes() {
    for (const shape of shapes) {
      yield* measureCells(makeConversation(shape, modelName), directly, benchPrices());
    }
  },
  async *chat() {
    const conversation = makeConversation(mixed, modelName);
    const name = `${mixed.name}, as chat messages`;
    yield* measureCells({ ...conversation, name }, throughGateway, benchPrices());
  },
  async *recorded(options) {
    yield* measureCells(await recordTicket(options), directly, benchPrices());
  },
};

export const promptCache: Bench = {
  description:
    'what a conversation costs by where the markers of the prompt cache go, on the simulated model',
  parts: Object.keys(parts),

  async *run(options) {
    const { only, log, write } = options;
    const cells: Cell[] = [];
    for (const [name, measure] of Object.entries(parts)) {
      if (only.length > 0 && !only.includes(name)) continue;
      for await (const cell of measure(options)) {
        log(`${cell.conversation}, ${cell.reading}`);
        cells.push(cell);
      }
    }
    const tables = markdownTables(cells);
    log(`\n${tables}`);
    if (write) await publishTable('prompt-cache.md', 'prompt-cache', tables);
    for (const result of figuresOf(cells)) yield judge('prompt-cache', result);
  },
};
