import { limits } from './session-files.ts';

/** A small session may repeat itself as much as it likes: unpacking it cannot fill a disk. */
const freeBytes = 64 * 1024 * 1024;

/**
 * Whether `packed` compressed bytes stand for more `unpacked` bytes than an archive may hold. Both directions
 * ask it while they stream, so that nothing is saved that could not be restored again.
 */
export function growsTooMuch(packed: number, unpacked: number): boolean {
  return unpacked > freeBytes && unpacked > packed * limits.ratio;
}
