/** What can be made to fail, in either protocol. */
export type Operation = 'lookup' | 'reserve' | 'upload' | 'finalize' | 'download' | 'list' | 'remove';

export type Faults = ReturnType<typeof createFaults>;

/** Failures that a test or a demo asks the service for. */
export function createFaults() {
  const faults = new Map<Operation, { status: number; times: number }>();
  return {
    /** The HTTP status to fail this one request with, if it is to fail. */
    next(operation: Operation): number | undefined {
      const fault = faults.get(operation);
      if (!fault || fault.times <= 0) return undefined;
      fault.times -= 1;
      return fault.status;
    },
    isArmed: (operation: Operation): boolean => (faults.get(operation)?.times ?? 0) > 0,
    arm(operation: Operation, status: number, times: number): void {
      faults.set(operation, { status, times });
    },
    clear: (): void => faults.clear(),
  };
}
