import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mirrorPath, workPath } from '../../src/workspace/layout.ts';
import { writeRecord } from '../../src/workspace/record.ts';

export const refOf = (issueKey: string, repositoryId = 20) => ({ installationId: 1, repositoryId, issueKey });

export const daysAgo = (days: number) => new Date(Date.now() - days * 24 * 60 * 60_000);

/** A session's directory as runs leave it. Returns its path. */
export async function addCheckout(
  workspace: string,
  ref: ReturnType<typeof refOf>,
  { days = 0, bytes = 10_000, unpushed = false } = {},
): Promise<string> {
  const path = workPath(workspace, ref);
  const refs = join(path, 'checkout/.git/refs/dexter/unpushed');
  await mkdir(join(path, 'checkout/.git'), { recursive: true });
  await writeFile(join(path, 'checkout/file'), 'x'.repeat(bytes));
  if (unpushed) {
    await mkdir(refs, { recursive: true });
    await writeFile(join(refs, 'c'), `${'0'.repeat(40)}\n`);
  }
  await writeRecord(path, { ref, repository: 'acme/shop', usedAt: daysAgo(days).toISOString() });
  return path;
}

/** A mirror as fetches leave it. Returns its path. */
export async function addMirror(workspace: string, ref: ReturnType<typeof refOf>, days = 0): Promise<string> {
  const path = mirrorPath(workspace, ref);
  await mkdir(join(path, 'objects/pack'), { recursive: true });
  await writeFile(join(path, 'packs'), '');
  await utimes(join(path, 'packs'), daysAgo(days), daysAgo(days));
  return path;
}

/** A process that holds the lock of a session until its input ends, or until it is killed. */
export async function holdElsewhere(workspace: string, issueKey: string) {
  const module = new URL('../../src/workspace/lock-session.ts', import.meta.url).href;
  const script = `
    const { lockSession } = await import(${JSON.stringify(module)});
    await using lock = await lockSession(${JSON.stringify(workspace)}, ${JSON.stringify(refOf(issueKey))});
    console.log('held');
    for await (const _ of process.stdin);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: workspace,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited]);
  const end = async (signal?: NodeJS.Signals) => {
    if (signal === undefined) child.stdin.end();
    else child.kill(signal);
    await exited;
  };
  return { end, [Symbol.asyncDispose]: () => end('SIGKILL') };
}
