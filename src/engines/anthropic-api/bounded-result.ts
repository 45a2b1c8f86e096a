import type { BetaRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';
import type { BetaToolResultContentBlockParam } from '@anthropic-ai/sdk/resources/beta';

type Content = string | BetaToolResultContentBlockParam[];

/** About 25,000 tokens, as the CLI has it: a result is paid for again with each request that follows. */
const mostCharacters = 100_000;

/** Of base64, as the provider counts: it takes no larger one, and the conversation could not be gone on with. */
const mostImageCharacters = 5 * 1024 * 1024;

const nothing = '(no output)';

/** A tool whose results can be a part of the conversation, whatever it gives. */
export function bounded(tool: BetaRunnableTool): BetaRunnableTool {
  return {
    ...tool,
    run: async (input, context) => {
      try {
        return boundedContent(await tool.run(input, context));
      } catch (error) {
        throw error instanceof ToolError ? new ToolError(boundedContent(error.content)) : error;
      }
    },
  };
}

/** The content as the provider takes it: not too long, well-formed, and not empty. */
export function boundedContent(content: Content): Content {
  if (typeof content === 'string') return cut(content, mostCharacters) || nothing;
  let left = mostCharacters;
  const take = (text: string): string => {
    const taken = cut(text, left);
    left = Math.max(0, left - text.length);
    return taken;
  };
  const blocks = content.flatMap((block): BetaToolResultContentBlockParam[] => {
    if (block.type === 'text') {
      const text = take(block.text);
      return text === '' ? [] : [{ ...block, text }];
    }
    if (block.type === 'document' && block.source.type === 'text') {
      return [{ ...block, source: { ...block.source, data: take(block.source.data) || nothing } }];
    }
    if (
      (block.type === 'image' || block.type === 'document') &&
      block.source.type === 'base64' &&
      block.source.data.length > mostImageCharacters
    ) {
      return [
        {
          type: 'text',
          text: `(${block.type === 'image' ? 'An image' : 'A document'} that is too large to show was left out.)`,
        },
      ];
    }
    return [block];
  });
  return blocks.length === 0 ? nothing : blocks;
}

/** Empty when nothing may be left of a text. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text.toWellFormed();
  if (most === 0) return '';
  const rest = text.length - most;
  return `${text.slice(0, most).toWellFormed()}\n\n(${rest} more characters were left out: ask for less at once.)`;
}
