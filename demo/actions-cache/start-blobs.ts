import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  BlobSASPermissions,
  BlobServiceClient,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { machinePath } from '../machine-path.ts';

/** The account that Azurite has for everybody; no secret. https://github.com/Azure/Azurite#default-storage-account */
const account = 'devstoreaccount1';
const accountKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const program = fileURLToPath(new URL('./azurite-process.ts', import.meta.url));
const linkMs = 60 * 60 * 1000;

/** Contents of cache entries in an Azure blob store, reached by signed links as on GitHub. */
export type Blobs = Awaited<ReturnType<typeof startBlobs>>;

/** Starts Azurite as a process of its own, which ends with this one. */
export async function startBlobs() {
  const directory = await mkdtemp(join(tmpdir(), 'dexter-azurite-'));
  const child = spawn(process.execPath, [program], {
    cwd: directory,
    env: { PATH: machinePath },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');

  async function close(): Promise<void> {
    child.stdin.end();
    await ended;
    await rm(directory, { recursive: true, force: true });
  }

  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    url = /listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1];
    if (url) break;
  }
  // Leaving the loop has paused its output.
  child.stdout.resume();
  if (!url) {
    await close();
    throw new Error('Azurite ended before it listened');
  }

  const service = new BlobServiceClient(
    `${url}/${account}`,
    new StorageSharedKeyCredential(account, accountKey),
  );
  const container = service.getContainerClient('actions-cache');
  await container.createIfNotExists();
  const blob = (name: string) => container.getBlockBlobClient(name);

  return {
    /** A link that lets its bearer do one thing with one blob for an hour: `cw` to write, `r` to read. */
    link: (name: string, permissions: 'r' | 'cw'): Promise<string> =>
      blob(name).generateSasUrl({
        permissions: BlobSASPermissions.parse(permissions),
        expiresOn: new Date(Date.now() + linkMs),
        protocol: SASProtocol.HttpsAndHttp,
      }),
    put: async (name: string, content: Uint8Array): Promise<void> => {
      await blob(name).uploadData(content);
    },
    get: (name: string): Promise<Buffer> => blob(name).downloadToBuffer(),
    /** Bytes of a blob; undefined when nothing was uploaded. */
    size: async (name: string): Promise<number | undefined> =>
      (await blob(name).exists()) ? (await blob(name).getProperties()).contentLength : undefined,
    remove: async (name: string): Promise<void> => {
      await blob(name).deleteIfExists();
    },
    close,
  };
}
