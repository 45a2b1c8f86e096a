import type { MessageId } from './message.ts';

/** Somebody who waits for an answer: a request of the client. */
export interface Asker {
  id: MessageId;
  /** Where its progress is wanted. */
  progressToken?: MessageId;
}

/** What is asked. */
interface Asked {
  key: string;
  tool: string;
  /** Canonical. */
  argumentsJson: string;
}

/** One call under way, for everybody who asks the same. */
export interface Flight extends Asked {
  /** Of the request, and its progress token. */
  readonly id: string;
  readonly askers: readonly Asker[];
  /** Something may have changed since it began: its answer is given, but not kept, and nobody joins any more. */
  readonly isOutdated: boolean;
}

interface OpenFlight extends Asked {
  id: string;
  askers: Asker[];
  isOutdated: boolean;
}

type Left = { outcome: 'none' } | { outcome: 'others' } | { outcome: 'last'; flight: Flight };

/** The calls under way: identical ones are one call. */
export function createFlights(newId: () => string) {
  const open = new Map<string, OpenFlight>();
  let joined = 0;

  return {
    /** Adds an asker to a call of the same; false when there is none that may be joined. */
    join(key: string, asker: Asker): boolean {
      const flight = [...open.values()].find((one) => one.key === key && !one.isOutdated);
      if (flight === undefined) return false;
      flight.askers.push(asker);
      joined += 1;
      return true;
    },

    start(asked: Asked, asker: Asker): Flight {
      const flight = { ...asked, id: newId(), askers: [asker], isOutdated: false };
      open.set(flight.id, flight);
      return flight;
    },

    byId: (id: MessageId): Flight | undefined => (typeof id === 'string' ? open.get(id) : undefined),

    all: (): Flight[] => [...open.values()],

    /** One asker no longer waits. The call goes on while others do, and is over with the last one. */
    leave(askerId: MessageId): Left {
      for (const flight of open.values()) {
        const at = flight.askers.findIndex(({ id }) => id === askerId);
        if (at < 0) continue;
        flight.askers.splice(at, 1);
        if (flight.askers.length > 0) return { outcome: 'others' };
        open.delete(flight.id);
        return { outcome: 'last', flight };
      }
      return { outcome: 'none' };
    },

    end(flight: Flight): void {
      open.delete(flight.id);
    },

    outdate(): void {
      for (const flight of open.values()) flight.isOutdated = true;
    },

    /** How many askers were added to a call that was under way. */
    joined: (): number => joined,
  };
}
