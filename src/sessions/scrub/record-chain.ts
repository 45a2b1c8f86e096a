import { readPieces } from '../read-pieces.ts';

type Fields = Record<string, unknown>;

/** The link between the records of a conversation, to which they are added in their order. */
export interface RecordChain {
  add(record: Fields): void;
  /**
   * What a resume would miss, a sentence: it goes from the last record from parent to parent, and silently
   * forgets what came before one that is missing. `isEarlier` says of a parent that was not added whether it is
   * in the part before.
   */
  problem(isEarlier: (uuid: string) => Promise<boolean>): Promise<string | undefined>;
}

export function createRecordChain(): RecordChain {
  const parents = new Map<string, string | null>();
  /** Uses of tools that have no result yet, with the record that they are in. */
  const open = new Map<string, string>();
  let leaf: string | undefined;

  return {
    add(record) {
      const { uuid, parentUuid, isSidechain } = record;
      if (typeof uuid !== 'string') return;
      parents.set(uuid, typeof parentUuid === 'string' ? parentUuid : null);
      if (isSidechain === true) return;
      // Notes of the CLI have an id of their own and stand beside the conversation.
      if (parentUuid !== undefined) leaf = uuid;
      for (const { type, id, tool_use_id: usedId } of blocksOf(record)) {
        if (type === 'tool_use' && typeof id === 'string') open.set(id, uuid);
        if (type === 'tool_result' && typeof usedId === 'string') open.delete(usedId);
      }
    },

    async problem(isEarlier) {
      const asking = new Set(open.values());
      let steps = 0;
      let at: string | null | undefined = leaf;
      while (typeof at === 'string') {
        if (asking.has(at)) return 'A tool use in the transcript has no result.';
        const parent = parents.get(at);
        if (parent === undefined)
          return (await isEarlier(at)) ? undefined : 'A record that others follow on is missing.';
        steps += 1;
        if (steps > parents.size) return 'Its records follow on one another in a circle.';
        at = parent;
      }
      return undefined;
    },
  };
}

function blocksOf({ message }: Fields): Fields[] {
  const content = isFields(message) ? message.content : undefined;
  return Array.isArray(content) ? content.filter(isFields) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A run follows on the last record of the one before, which is near the end. */
const nearBytes = 1024 * 1024;

/** Whether the first `end` bytes of a transcript hold a record. */
export async function holdsRecord(path: string, end: number, uuid: string): Promise<boolean> {
  // Inside a string of JSON the quotes would be escaped.
  const field = `"uuid":${JSON.stringify(uuid)}`;
  for (const start of new Set([Math.max(0, end - nearBytes), 0])) {
    for await (const { bytes } of readPieces(path, { start, end })) if (bytes.includes(field)) return true;
  }
  return false;
}
