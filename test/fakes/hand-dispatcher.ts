import type { Dispatcher, DispatchRequest } from '../../src/dispatch/dispatcher.ts';

/** A dispatcher that starts nothing: tests take the jobs and play the runner by hand. */
export function handDispatcher() {
  const dispatched: DispatchRequest[] = [];
  const cancelled: string[] = [];
  const dispatcher: Dispatcher = {
    async dispatch(request) {
      dispatched.push(request);
      return { id: String(1000 + dispatched.length), url: '' };
    },
    async find(request) {
      const index = dispatched.findIndex(({ job }) => job.commandId === request.job.commandId);
      return index < 0 ? undefined : { id: String(1001 + index), url: '' };
    },
    async waitsFor() {
      return undefined;
    },
    async cancel(request) {
      cancelled.push(request.job.commandId);
    },
  };
  return { dispatcher, dispatched, cancelled };
}
