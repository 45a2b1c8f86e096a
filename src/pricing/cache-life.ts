/** How long the prompt cache keeps what was written to it, from the request on that wrote or read it last. */
export const cacheLifeMs = { '5m': 5 * 60_000, '1h': 60 * 60_000 } as const;
