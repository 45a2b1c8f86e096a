import type { Block, MessagesRequest } from '../../demo/model/messages.ts';
import { type SeededRandom, seededRandom } from '../seeded-random.ts';

/** What an agent asks the model one after the other, without markers. */
export interface Conversation {
  name: string;
  requests: MessagesRequest[];
  /** Each request begins with all of the one before. */
  onlyGrows: boolean;
}

export interface Shape {
  name: string;
  /** Blocks of the answer at a turn: one call of a tool, or a text and calls. */
  blocks(random: SeededRandom, turn: number): number;
}

const fixed = (count: number): Shape => ({
  name: `${count} ${count === 1 ? 'block' : 'blocks'}`,
  blocks: () => count,
});

export const mixed: Shape = { name: '1 to 6 blocks', blocks: (random) => 1 + random.below(6) };

/** Every eighth turn asks for a dozen files at once. */
const wide: Shape = {
  name: '1 to 6, at times 13',
  blocks: (random, turn) => (turn % 8 === 7 ? 13 : mixed.blocks(random, turn)),
};

export const shapes: readonly Shape[] = [1, 2, 3, 4, 5, 6].map(fixed).concat(mixed, wide);

const mostTurns = 400;

/**
 * Tokens of a block as a log-normal distribution, cut off at 8,000: most results of tools are short, a few are whole
 * files. 400 turns of six blocks are just under a million tokens, which is the longest context.
 */
const sizes = {
  call: { median: 50, sigma: 0.6 },
  result: { median: 250, sigma: 1 },
  text: { median: 60, sigma: 0.5 },
  instruction: { median: 400, sigma: 0.5 },
} as const;

/** Of the tools and the system prompt: together the 5,000 tokens that Dexter's tools come to. */
const [toolCount, toolTokens, systemTokens] = [8, 400, 1_800];

/** A person says something in place of every so many turns' results. */
const turnsOfInstruction = 25;

/** A conversation of a shape, the same each time; a longer one begins with the shorter one. */
export function makeConversation(shape: Shape, model: string, turns = mostTurns): Conversation {
  const random = seededRandom(20_261_122);
  const say = (kind: keyof typeof sizes) => text(random, tokensOf(random, sizes[kind]));
  const tools = Array.from({ length: toolCount }, (_, index) => ({
    name: `tool_${index}`,
    description: text(random, toolTokens),
    input_schema: { type: 'object' },
  }));
  const system = [{ type: 'text', text: text(random, systemTokens) }];
  const instruct = () => ({ role: 'user', content: [{ type: 'text', text: say('instruction') }] });
  const messages: { role: string; content: Block[] }[] = [instruct()];
  const requests: MessagesRequest[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    requests.push({ model, tools, system, messages: messages.slice() });
    if (turn % turnsOfInstruction === turnsOfInstruction - 1) {
      messages.push({ role: 'assistant', content: [{ type: 'text', text: say('text') }] }, instruct());
      continue;
    }
    const blocks = shape.blocks(random, turn);
    const ids = Array.from({ length: Math.max(1, blocks - 1) }, (_, index) => `toolu_${turn}_${index}`);
    const calls = ids.map((id) => ({ type: 'tool_use', id, name: 'tool_0', input: { text: say('call') } }));
    const before = blocks > 1 ? [{ type: 'text', text: say('text') }] : [];
    const results = ids.map((id) => ({ type: 'tool_result', tool_use_id: id, content: say('result') }));
    messages.push({ role: 'assistant', content: [...before, ...calls] }, { role: 'user', content: results });
  }
  return { name: shape.name, requests, onlyGrows: true };
}

/** By the meter, for which four characters are a token. */
function text(random: SeededRandom, tokens: number): string {
  return random.letters(12, 'abcdefghijklmnopqrstuvwxyz').padEnd(tokens * 4, ' lorem ipsum');
}

/** Box-Muller. */
function tokensOf(random: SeededRandom, { median, sigma }: { median: number; sigma: number }): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
  return Math.min(8_000, Math.round(median * Math.exp(sigma * normal)));
}
