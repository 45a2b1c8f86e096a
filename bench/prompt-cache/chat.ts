import { type Block, blocksOf, type MessagesRequest } from '../../demo/model/messages.ts';
import type { InputUsage } from '../../demo/model/prompt-cache.ts';
import type { Usage } from '../../src/core/report.ts';
import type { Message } from '../../src/prompt-cache/message.ts';
import { usageOfChat } from '../../src/prompt-cache/provider-usage.ts';
import type { CacheableRequest } from '../../src/prompt-cache/strategies.ts';

/**
 * A gateway between chat messages (OpenAI's form) and the Messages API, as OpenRouter and LiteLLM are: the system prompt is
 * a message, each answer of a tool is one, and calls stand beside the content of the answer that makes them.
 */
interface ChatMessage extends Message {
  tool_calls?: { id: string; name: string; input: unknown }[];
  tool_call_id?: string;
}

interface ChatRequest extends CacheableRequest {
  messages: ChatMessage[];
}

export interface Gateway {
  /** Marks a request in the form of chat messages, and gives what the model is sent then. */
  through(request: MessagesRequest, mark: (request: ChatRequest) => ChatRequest): MessagesRequest;
}

/** Messages that were not changed stay the same objects, both ways. */
export function openGateway(): Gateway {
  const chats = new WeakMap<object, ChatMessage[]>();
  const blocks = new WeakMap<object, Block[]>();
  const remembered = <K extends object, V>(map: WeakMap<K, V>, key: K, make: () => V): V => {
    const value = map.get(key) ?? make();
    map.set(key, value);
    return value;
  };
  return {
    through({ model, tools, system, messages }, mark) {
      const systemMessage = remembered(chats, blocksOf(system)[0] ?? {}, () => [
        { role: 'system', content: textIn(blocksOf(system)) },
      ]);
      const marked = mark({
        model,
        ...(tools && { tools }),
        messages: [
          ...systemMessage,
          ...messages.flatMap((message) => remembered(chats, message, () => toChat(message))),
        ],
      });
      const sent: { role: string; content: Block[] }[] = [];
      const systemBlocks: Block[] = [];
      for (const message of marked.messages) {
        const content = remembered(blocks, message, () => toBlocks(message));
        const role = message.role === 'tool' ? 'user' : message.role;
        const last = sent.at(-1);
        if (role === 'system') systemBlocks.push(...content);
        else if (last?.role === role) last.content.push(...content);
        else sent.push({ role, content: [...content] });
      }
      return {
        model,
        system: systemBlocks,
        messages: sent,
        ...(marked.tools && { tools: marked.tools.map(asBlock) }),
      };
    },
  };
}

/** Usage as such a gateway tells it, understood. */
export function usageThroughGateway({
  input_tokens,
  cache_read_input_tokens: cached_tokens,
  cache_creation_input_tokens: cache_write_tokens,
  cache_creation,
}: InputUsage): Usage {
  const prompt_tokens = input_tokens + cached_tokens + cache_write_tokens;
  return usageOfChat({
    prompt_tokens,
    completion_tokens: 0,
    total_tokens: prompt_tokens,
    prompt_tokens_details: { cached_tokens, cache_write_tokens },
    cache_creation,
  });
}

function toChat({ role, content }: MessagesRequest['messages'][number]): ChatMessage[] {
  const blocks = blocksOf(content);
  const calls = blocks.filter(({ type }) => type === 'tool_use');
  const results = blocks.filter(({ type }) => type === 'tool_result');
  const said = textIn(blocks);
  const answers = results.map((result) => ({
    role: 'tool',
    tool_call_id: String(result.tool_use_id),
    content: textIn(blocksOf(result.content)),
  }));
  if (calls.length > 0) {
    const tool_calls = calls.map(({ id, name, input }) => ({ id: String(id), name: String(name), input }));
    return [{ role, content: said === '' ? null : said, tool_calls }];
  }
  return said === '' && answers.length > 0 ? answers : [...answers, { role, content: said }];
}

function toBlocks({ role, content, tool_calls = [], tool_call_id }: ChatMessage): Block[] {
  const parts = blocksOf(content);
  if (role === 'tool') {
    const marker = parts.findLast(({ cache_control }) => cache_control)?.cache_control;
    const result = { type: 'tool_result', tool_use_id: tool_call_id, content: textIn(parts) };
    return [marker ? { ...result, cache_control: marker } : result];
  }
  return [...parts, ...tool_calls.map((call) => ({ type: 'tool_use', ...call }))];
}

function textIn(blocks: readonly Block[]): string {
  return blocks.map(({ text }) => (typeof text === 'string' ? text : '')).join('');
}

function asBlock(tool: NonNullable<CacheableRequest['tools']>[number]): Block {
  const { cache_control, type, ...rest } = tool;
  const block = type ? { type, ...rest } : rest;
  return cache_control ? { ...block, cache_control: { ...cache_control } } : block;
}
