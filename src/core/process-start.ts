import { readFile } from 'node:fs/promises';

/**
 * When a process started, to tell it from another one that got its number later: clock ticks since the machine
 * started, field 22 of /proc/<pid>/stat. Empty where there is no /proc or no such process.
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export async function processStart(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The name in field 2 may hold anything, so what counts begins after its end.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
