import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AttachmentRef } from '../src/core/context.ts';
import { readPlainFile } from '../src/core/read-plain-file.ts';
import { removeTree } from '../src/workspace/remove-tree.ts';
import { isDirectory } from './is-directory.ts';

/** Ids of JIRA that can be the name of a file. */
const idPattern = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Attachments that earlier runs of a session fetched on this runner. JIRA changes the content of an attachment never,
 * so that each has to be asked for once. The directory is the session's own, and an agent may have been at it: nothing
 * in it is more than data.
 */
export interface KeptAttachments {
  /** Undefined for one that is not there whole. */
  read(attachment: AttachmentRef): Promise<Uint8Array | undefined>;
  keep(attachment: AttachmentRef, content: Uint8Array): Promise<void>;
}

/** Opens the directory, and removes from it what `current` does not have any more. */
export async function keptAttachments(
  directory: string,
  current: readonly AttachmentRef[],
): Promise<KeptAttachments> {
  if (current.length === 0) {
    await removeTree(directory);
    return { read: async () => undefined, keep: async () => undefined };
  }
  if (!(await isDirectory(directory))) await removeTree(directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const wanted = new Set(current.map(({ id }) => id));
  for (const name of await readdir(directory)) if (!wanted.has(name)) await removeTree(join(directory, name));
  return {
    async read({ id, bytes }) {
      if (!idPattern.test(id)) return undefined;
      try {
        const content = await readPlainFile(join(directory, id), bytes);
        return content.byteLength === bytes ? content : undefined;
      } catch {
        return undefined;
      }
    },
    async keep({ id }, content) {
      if (!idPattern.test(id)) return;
      const path = join(directory, id);
      try {
        await rm(path, { recursive: true, force: true });
        await writeFile(path, content, { mode: 0o600, flag: 'wx' });
      } catch {
        // Without room for it, it is asked for again.
        await rm(path, { recursive: true, force: true }).catch(() => undefined);
      }
    },
  };
}
