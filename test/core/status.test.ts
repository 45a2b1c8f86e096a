import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandStatus, canMove, endStatuses, isEnd, statusesBefore } from '../../src/core/status.ts';

const status = fc.constantFrom(...CommandStatus.options);

describe('the status of a command', () => {
  it('only moves forward, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.array(status), (events) => {
        const visited = new Set<CommandStatus>(['received']);
        let current: CommandStatus = 'received';
        for (const event of events) {
          if (!canMove(current, event)) continue;
          expect(visited).not.toContain(event);
          expect(isEnd(current)).toBe(false);
          visited.add(event);
          current = event;
        }
      }),
    );
  });

  it.each(endStatuses)('never leaves the end %s', (end) => {
    expect(isEnd(end)).toBe(true);
    expect(CommandStatus.options.filter((to) => canMove(end, to))).toEqual([]);
  });

  it('reaches every end from every step', () => {
    const steps = CommandStatus.options.filter((one) => !isEnd(one));
    expect(steps).toEqual(['received', 'queued', 'preparing', 'dispatched', 'running']);
    for (const end of endStatuses) expect(statusesBefore(end)).toEqual(steps);
  });

  it('names before a status exactly those that may move to it', () => {
    fc.assert(
      fc.property(status, status, (from, to) => {
        expect(statusesBefore(to).includes(from)).toBe(canMove(from, to));
        expect(canMove(from, to) && canMove(to, from)).toBe(false);
      }),
    );
    expect(statusesBefore('received')).toEqual([]);
    expect(statusesBefore('running')).toEqual(['received', 'queued', 'preparing', 'dispatched']);
  });
});
