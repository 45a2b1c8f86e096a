import { z } from 'zod';

/**
 * The lines of `--output-format stream-json`, as far as they are used. The format grows with each version of
 * the CLI: unknown types and fields are passed over, and a field that is missing has a default.
 * https://code.claude.com/docs/en/headless
 */
const tokens = z.object({
  input_tokens: z.number().nullish(),
  cache_read_input_tokens: z.number().nullish(),
  cache_creation_input_tokens: z.number().nullish(),
  output_tokens: z.number().nullish(),
});

const InitLine = z.object({
  type: z.literal('system'),
  subtype: z.literal('init'),
  session_id: z.string(),
  model: z.string(),
  claude_code_version: z.string().default('unknown'),
  mcp_servers: z
    .array(z.object({ name: z.string(), status: z.string() }))
    .catch([])
    .default([]),
});

const RetryLine = z.object({
  type: z.literal('system'),
  subtype: z.literal('api_retry'),
  attempt: z.number(),
  error_status: z.number().nullish(),
});

/** How a compaction went; other states have no result. */
const CompactionLine = z.object({
  type: z.literal('system'),
  subtype: z.literal('status'),
  compact_result: z.string(),
  compact_error: z.string().nullish(),
});

const ContentBlock = z.union([
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('tool_use'), name: z.string(), input: z.record(z.string(), z.unknown()) }),
  z.object({ type: z.string() }).transform(() => ({ type: 'other' as const })),
]);

const AssistantLine = z.object({
  type: z.literal('assistant'),
  message: z.object({
    id: z.string(),
    model: z.string(),
    content: z.array(ContentBlock).catch([]),
    usage: tokens.nullish(),
  }),
  /** Set on what a sub-agent says. */
  parent_tool_use_id: z.string().nullish(),
  /** Set when the text is the CLI's own, about a request that failed. */
  error: z.string().nullish(),
});

const ModelUsage = z.object({
  inputTokens: z.number().default(0),
  cacheReadInputTokens: z.number().default(0),
  cacheCreationInputTokens: z.number().default(0),
  outputTokens: z.number().default(0),
  costUSD: z.number().default(0),
});

const ResultLine = z.object({
  type: z.literal('result'),
  subtype: z.string(),
  is_error: z.boolean().default(false),
  result: z.string().nullish(),
  errors: z.array(z.string()).catch([]).default([]),
  session_id: z.string(),
  num_turns: z.number().default(0),
  total_cost_usd: z.number().nullish(),
  usage: tokens.nullish(),
  /** Of this run alone; `modelUsage` and `total_cost_usd` are of the whole session. */
  model_usage_since_last_result: z.record(z.string(), ModelUsage).nullish().catch(undefined),
  permission_denials: z
    .array(z.object({ tool_name: z.string() }))
    .catch([])
    .default([]),
  api_error_status: z.number().nullish(),
});

export const StreamLine = z.union([InitLine, RetryLine, CompactionLine, AssistantLine, ResultLine]);
export type StreamLine = z.infer<typeof StreamLine>;
export type ResultLine = z.infer<typeof ResultLine>;
export type AssistantLine = z.infer<typeof AssistantLine>;

/** The line's content, or undefined for what is not JSON, not known, or not whole. */
export function parseLine(line: string): StreamLine | undefined {
  if (!line.startsWith('{')) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  return StreamLine.safeParse(json).data;
}
