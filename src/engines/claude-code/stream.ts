import { z } from 'zod';

/**
 * The lines of `--output-format stream-json`, as far as they are used. The format grows with each version of
 * the CLI: unknown types and fields are passed over, and a field that is missing has a default.
 * https://code.claude.com/docs/en/headless
 */
const count = z.number().int().nonnegative().nullish().catch(undefined);

const tokens = z.object({
  input_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  /** The same by lifetime. */
  cache_creation: z
    .object({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count })
    .nullish()
    .catch(undefined),
  output_tokens: count,
  server_tool_use: z.object({ web_search_requests: count }).nullish().catch(undefined),
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
  /** The same in a transcript. */
  isSidechain: z.boolean().nullish().catch(undefined),
  /** When the transcript got the line. */
  timestamp: z.iso.datetime().nullish().catch(undefined),
  /** Set when the text is the CLI's own, about a request that failed. */
  error: z.string().nullish(),
});

const ModelUsage = z.object({
  inputTokens: count,
  cacheReadInputTokens: count,
  cacheCreationInputTokens: count,
  /** Of these, for an hour; absent in earlier versions. */
  cacheCreationEphemeral1hInputTokens: count,
  outputTokens: count,
  webSearchRequests: count,
  costUSD: z.number().nonnegative().nullish().catch(undefined),
  /** The model when the name is one of a provider's own, such as an inference profile. */
  canonicalModel: z.string().nullish().catch(undefined),
  /** Whose prices `costUSD` goes by. */
  costBasis: z.string().nullish().catch(undefined),
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
export type ModelUsage = z.infer<typeof ModelUsage>;

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
