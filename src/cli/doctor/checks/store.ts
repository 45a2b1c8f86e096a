import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, messageOf } from '../../../core/errors.ts';
import { formatSize } from '../../../core/size.ts';
import type { ProbeFailure } from '../../../stores/s3/probe.ts';
import { type Room, roomFor } from '../../../workspace/room-for.ts';
import type { Check } from '../check.ts';
import { storeOf } from '../store-of.ts';
import { failed, ok, skipped, type Verdict, warning } from '../verdict.ts';

/** Too little for one checkout of most repositories, and for a day of them. */
const leastBytes = 1_000_000_000;
const comfortableBytes = 10_000_000_000;

export const store: Check = {
  id: 'store',
  area: 'app',
  title: 'Session store',
  looksAt:
    'S3: an object of its own below the prefix is written, refused a second time (`If-None-Match`), read and deleted, and the list and uploads in parts are tried. Workspace: the directory can be written to and the disk has room. The store of a workflow is known only when `DEXTER_STORE` names it.',
  mend: 'Add the permission that is named to the policy of the bucket, or make room on the disk.',
  needs: ['configuration'],
  async inspect({ config, env, id }) {
    try {
      const known = await storeOf(await config(), env);
      if (known.outcome === 'unknown') return skipped(known.message, known.fix);
      if (known.config.name === 'workspace') {
        const room = await roomFor(known.config.root);
        return judgeWorkspace(known.config.root, await tried(room, known.config.root, id));
      }
      const { probeBucket } = await import('../../../stores/s3/probe.ts');
      const { name, ...options } = known.config;
      const failures = await probeBucket(options, id);
      return judgeBucket({ bucket: options.bucket, prefix: options.prefix ?? 'dexter' }, failures);
    } catch (error) {
      if (error instanceof AppError) return failed(error.message, error.hint);
      throw error;
    }
  },
};

/** Whether a file can really be made where the rights say so: a disk may be full or read-only. */
async function tried(room: Room, directory: string, id: string): Promise<Room> {
  if (room.outcome === 'blocked' || room.at !== directory) return room;
  const probe = join(directory, `.doctor-${id}`);
  try {
    await writeFile(probe, id, { flag: 'wx', mode: 0o600 });
    return room;
  } catch (error) {
    return { outcome: 'blocked', reason: messageOf(error) };
  } finally {
    await rm(probe, { force: true });
  }
}

export function judgeWorkspace(root: string, room: Room): Verdict {
  if (room.outcome === 'blocked') {
    return failed(
      `The workspace ${root} cannot be written: ${room.reason}.`,
      'Give the user who runs Dexter write access to DEXTER_WORKSPACE, or point it elsewhere.',
    );
  }
  const told = `${formatSize(room.freeBytes)} free`;
  const fix = 'Make room on that disk: `dexter workspace gc` removes checkouts that are not used any more.';
  if (room.freeBytes < leastBytes) return failed(`The disk of the workspace ${root} is full: ${told}.`, fix);
  if (room.freeBytes < comfortableBytes)
    return warning(`The disk of the workspace ${root} is nearly full: ${told}.`, fix);
  return ok(`The directory ${root}, ${told}.`);
}

export function judgeBucket(
  { bucket, prefix }: { bucket: string; prefix: string },
  failures: ProbeFailure[],
): Verdict {
  const [first] = failures;
  if (first === undefined) return ok(`The bucket ${bucket}, below ${prefix}/.`);
  const refused = [...new Set(failures.filter(({ isRefused }) => isRefused).map(({ step }) => step))];
  if (refused.length === failures.length) {
    const onBucket = refused.filter((step) => step.startsWith('s3:List'));
    const onObjects = refused.filter((step) => !onBucket.includes(step));
    const where = [
      ...(onBucket.length > 0 ? [`${onBucket.join(', ')} on arn:aws:s3:::${bucket}`] : []),
      ...(onObjects.length > 0 ? [`${onObjects.join(', ')} on arn:aws:s3:::${bucket}/${prefix}/*`] : []),
    ];
    return failed(
      `The bucket ${bucket} does not let Dexter do all that it needs: ${refused.join(', ')}.`,
      `Allow ${where.join(' and ')} in the policy of these credentials.`,
    );
  }
  const other = failures.find(({ isRefused }) => !isRefused) ?? first;
  return failed(`The store cannot be used: ${other.what}.`, other.hint);
}
