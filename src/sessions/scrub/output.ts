import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A new file that is hashed while it is written. */
export async function createOutput(path: string) {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    async write(part: Buffer): Promise<void> {
      if (part.length === 0) return;
      const writing = file.writeFile(part);
      hash.update(part);
      bytes += part.length;
      await writing;
    },
    /** Size and SHA-256, lower case hex, of what was written so far. */
    written: () => ({ bytes, sha256: hash.copy().digest('hex') }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

export type Output = Awaited<ReturnType<typeof createOutput>>;
