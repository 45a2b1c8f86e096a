/** How long the prompt cache keeps what is written, by the life that is asked for, in milliseconds. */
export const cacheLifeMs = { '5m': 5 * 60_000, '1h': 60 * 60_000 } as const;
