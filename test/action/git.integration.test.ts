import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { gitIn } from '../../action/git.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

it('ends a git whose server never answers, and says so', async () => {
  await using directory = await temporaryDirectory();
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const git = gitIn(directory.path, { PATH: process.env.PATH });
    const started = performance.now();
    await expect(
      git(['ls-remote', `http://127.0.0.1:${address.port}/x.git`], { timeLimitMs: 300 }),
    ).rejects.toThrow('git ls-remote failed: it did not end within 0.3 seconds');
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(await git(['config', 'http.lowSpeedTime'])).toBe('60');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
