import { z } from 'zod';

/** What the person who runs the proxy says about tools; it counts more than what the server says. */
export interface ToolRules {
  readOnly: readonly string[];
  write: readonly string[];
  /** Never answered from the cache; whether they change something is read off the annotations all the same. */
  never: readonly string[];
}

export interface ToolKind {
  /** Whether its results may be kept. */
  cacheable: boolean;
  /** Whether it may change what other tools answer. */
  writes: boolean;
}

export interface ToolPolicy {
  /** Undefined while the server has not said whether it has such a tool. */
  kindOf(tool: string): ToolKind | undefined;
  /** Takes in the result of one `tools/list`; answers the cursor of the next page, if there is one. */
  learn(result: unknown): string | undefined;
  /** The server's list has changed: nothing of it counts any more. */
  forget(): void;
}

const Tools = z.looseObject({
  tools: z.array(
    z.looseObject({
      name: z.string(),
      annotations: z.looseObject({ readOnlyHint: z.unknown().optional() }).nullish().catch(undefined),
    }),
  ),
  nextCursor: z.string().nullish(),
});

/**
 * A tool is read-only when the rules or its annotation say so. Of everything else it has to be assumed that it
 * writes, as the specification does; an annotation that is not `true` is none.
 * https://modelcontextprotocol.io/specification/2025-11-25/schema#toolannotations
 */
export function toolPolicy(rules: ToolRules): ToolPolicy {
  const declared = new Map<string, boolean>();
  let isComplete = false;

  function isReadOnly(tool: string): boolean | undefined {
    if (rules.write.includes(tool)) return false;
    if (rules.readOnly.includes(tool)) return true;
    return declared.get(tool) ?? (isComplete ? false : undefined);
  }

  return {
    kindOf(tool) {
      const readOnly = isReadOnly(tool);
      if (readOnly === undefined) return undefined;
      return { cacheable: readOnly && !rules.never.includes(tool), writes: !readOnly };
    },
    learn(result) {
      const page = Tools.safeParse(result);
      if (!page.success) {
        isComplete = true;
        return undefined;
      }
      for (const { name, annotations } of page.data.tools) {
        declared.set(name, annotations?.readOnlyHint === true);
      }
      if (page.data.nextCursor) return page.data.nextCursor;
      isComplete = true;
      return undefined;
    },
    forget() {
      declared.clear();
      isComplete = false;
    },
  };
}
