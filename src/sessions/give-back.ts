/**
 * Frees the memory of a chunk that nobody will look at again, instead of leaving it to the next collection:
 * that comes late for memory outside of the heap, and until then it can be hundreds of megabytes.
 *
 * Only for whoever has read a chunk last. A chunk that shares its memory with others is left alone, as they may
 * still be read or written; `shared` is for who has read the others as well.
 */
export function giveBack({ buffer, byteLength }: Uint8Array, others: 'own' | 'shared' = 'own'): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.detached) return;
  if (others === 'shared' || byteLength === buffer.byteLength) buffer.transfer(0);
}
