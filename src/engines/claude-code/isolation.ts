import { execFile } from 'node:child_process';
import { readlink } from 'node:fs/promises';

export interface Program {
  command: string;
  args: string[];
}

/** What the agent's processes do not get to see or to change of the machine's files. Absolute paths, none a link. */
export interface HiddenFiles {
  /** Directories and files that look empty. */
  hidden: string[];
  /** What is within them, or within what is read-only, and needed all the same; six at most, the outer before the inner. */
  kept: string[];
  /** What cannot be written, replaced or renamed, the outer before the inner; what is kept within stays as it is. */
  readOnly: string[];
  /** Directories around all that, which cannot be renamed: something else could be put in their place otherwise. */
  anchored: string[];
}

export type Isolation =
  | { outcome: 'isolated'; isolate: (program: Program) => Program }
  /** Why not, as the system says it: a clause without a full stop. */
  | { outcome: 'not-isolated'; reason: string };

/** The shell has one digit for an open file, and the first three are taken. */
const mostKept = 6;

/**
 * Runs as the first process of the new namespaces, with every capability in them. `$1` is the number of kept paths,
 * which follow; then come the anchored, the hidden and the read-only ones, each list with `--` after it, and the
 * program. What is kept is held open while it is covered up. A directory that something is mounted on cannot be
 * renamed, so the anchored ones are mounted on themselves. Binds are recursive, as others would take off the covers
 * within. A namespace of one's own must repeat the `noexec` of a mount that it makes read-only.
 * The program gets no capability, so that it cannot take the covers off; in a namespace of its own making they are
 * locked (mount_namespaces(7)). The shell stays: as the first process it has to bury the orphans, and the program
 * need not know that it is alone.
 */
const script = `set -eu
kept=$1
shift
i=0
while [ "$i" -lt "$kept" ]; do
  eval "exec $((i + 3))<\\"\\$1\\"; path$i=\\$1"
  shift
  i=$((i + 1))
done
while [ "$1" != -- ]; do
  mount --rbind "$1" "$1"
  shift
done
shift
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mount -t tmpfs -o size=1m,mode=755 dexter "$1"; else mount --bind /dev/null "$1"; fi
  shift
done
shift
i=0
while [ "$i" -lt "$kept" ]; do
  eval "path=\\$path$i"
  mkdir -p "$path"
  mount -c --bind "/proc/self/fd/$((i + 3))" "$path"
  eval "exec $((i + 3))<&-"
  i=$((i + 1))
done
while [ "$1" != -- ]; do
  if [ -e "$1" ]; then
    mount --rbind "$1" "$1"
    mount -o remount,bind,ro,nosuid,nodev "$1" 2>/dev/null || mount -o remount,bind,ro,nosuid,nodev,noexec "$1"
  fi
  shift
done
shift
cd "$PWD"
set +e
setpriv --ambient-caps=-all --inh-caps=-all --bounding-set=-all --no-new-privs -- "$@"
exit "$?"`;

/** A user namespace needs no rights; where those are forbidden, root can do without. */
const ways = [['--user', '--map-current-user', '--keep-caps'], []];

const namespaces = ['--pid', '--mount', '--mount-proc', '--fork', '--kill-child=KILL'];
const attemptMs = 30_000;

/**
 * Process and mount namespaces for the agent, by the programs of util-linux: it sees no process but its own, and so
 * nobody else's environment and memory, and none of the hidden files. Found out by a real attempt, as user namespaces
 * may be missing, or forbidden by a container or AppArmor.
 */
export async function findIsolation(
  files: HiddenFiles,
  options: { env: Readonly<Record<string, string>>; cwd: string; platform: string },
): Promise<Isolation> {
  if (options.platform !== 'linux') return { outcome: 'not-isolated', reason: 'only Linux has it' };
  if (files.kept.length > mostKept)
    return { outcome: 'not-isolated', reason: 'too many paths are needed within those that are hidden' };
  let reason = '';
  for (const way of ways) {
    const isolate = ({ command, args }: Program): Program => ({
      command: 'unshare',
      args: [
        ...way,
        ...namespaces,
        '--',
        'sh',
        '-c',
        script,
        'dexter',
        ...argumentsOf(files),
        command,
        ...args,
      ],
    });
    const problem = await attempt(isolate({ command: 'readlink', args: ['/proc/self/ns/pid'] }), options);
    if (problem === undefined) return { outcome: 'isolated', isolate };
    reason ||= problem;
  }
  return { outcome: 'not-isolated', reason };
}

function argumentsOf({ hidden, kept, readOnly, anchored }: HiddenFiles): string[] {
  return [String(kept.length), ...kept, ...anchored, '--', ...hidden, '--', ...readOnly, '--'];
}

/** What goes wrong; undefined when the attempt ran among other processes than this one. */
async function attempt(
  { command, args }: Program,
  { env, cwd }: { env: Readonly<Record<string, string>>; cwd: string },
): Promise<string | undefined> {
  const own = await readlink('/proc/self/ns/pid');
  return await new Promise((resolve) => {
    execFile(command, args, { env, cwd, timeout: attemptMs }, (error, stdout, stderr) => {
      const said = stderr.trim().split('\n')[0]?.slice(0, 200) || error?.message.split('\n')[0];
      if (error) resolve(said?.replace(/\.$/, '') || 'the attempt failed');
      else resolve(stdout.trim() === own ? 'it changed nothing' : undefined);
    });
  });
}
