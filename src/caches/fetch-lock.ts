/**
 * Says which of several processes may fetch something. A holder that dies loses it when its lease is over; a holder
 * that was slower than its lease may share it with the next one, so what it guards must be harmless to do twice.
 * A failure rejects.
 */
export interface FetchLock {
  /** False while another holder has it. */
  take(key: string, holder: string, leaseMs: number): Promise<boolean>;
  /** Prolongs the lease; false when it was lost. */
  renew(key: string, holder: string, leaseMs: number): Promise<boolean>;
  /** Does nothing when it was lost. */
  release(key: string, holder: string): Promise<void>;
}
