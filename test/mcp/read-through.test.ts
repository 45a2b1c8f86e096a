import { describe, expect, it } from 'vitest';
import { readThrough } from '../../src/mcp/read-through.ts';
import { responseCache } from '../../src/mcp/response-cache.ts';

function world() {
  const state = { version: '1', loads: 0, checks: 0 };
  const cache = responseCache({ ttlMs: 60_000, maxEntries: 10, maxBytes: 1e6 }, () => undefined);
  const read = readThrough({
    cache,
    now: Date.now,
    isFresh: async ({ freshness }) => {
      state.checks += 1;
      return freshness === state.version;
    },
  });
  const load = async () => {
    state.loads += 1;
    return { resultJson: JSON.stringify(`of version ${state.version}`), freshness: state.version };
  };
  const ticket = { server: 'jira', tool: 'ticket', arguments: { key: 'DX-1' } };
  return { state, read: () => read(ticket, load), readWith: (one: typeof load) => read(ticket, one), cache };
}

describe('reading through the cache', () => {
  it('uses what still holds, and reads what does not', async () => {
    const { state, read } = world();
    expect([await read(), await read()]).toEqual(['"of version 1"', '"of version 1"']);
    expect(state).toMatchObject({ loads: 1, checks: 1 });
    state.version = '2';
    expect([await read(), await read()]).toEqual(['"of version 2"', '"of version 2"']);
    expect(state).toMatchObject({ loads: 2, checks: 3 });
  });

  it('reads once for everybody who asks at once', async () => {
    const { state, read } = world();
    expect(new Set(await Promise.all([read(), read(), read()]))).toEqual(new Set(['"of version 1"']));
    expect(state.loads).toBe(1);
  });

  it('keeps no failure', async () => {
    const { state, read, readWith, cache } = world();
    const failing = () => readWith(() => Promise.reject(new Error('down')));
    await expect(Promise.all([failing(), failing()])).rejects.toThrow('down');
    expect(cache.totals().entries).toBe(0);
    expect(await read()).toBe('"of version 1"');
    expect(state.loads).toBe(1);
  });
});
