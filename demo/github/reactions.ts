import { type JsonObject, objectAt } from './json.ts';

const contents = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes'] as const;
type Content = (typeof contents)[number];

type Reaction = { id: number; node_id: string; user: JsonObject; content: Content; created_at: string };

/** The reactions that the emulator lacks. A subject is the end of its address: `issues/comments/5`. */
export function createReactions() {
  const bySubject = new Map<string, Reaction[]>();
  let lastId = 0;

  return {
    isContent: (value: unknown): value is Content => contents.some((content) => content === value),

    list: (subject: string): Reaction[] => bySubject.get(subject) ?? [],

    /** A person reacts once with each content: the second time answers the first reaction. */
    add(subject: string, content: Content, user: JsonObject): { created: boolean; reaction: Reaction } {
      const all = bySubject.get(subject) ?? [];
      const before = all.find(
        (reaction) => reaction.content === content && reaction.user.login === user.login,
      );
      if (before) return { created: false, reaction: before };
      lastId += 1;
      const at = new Date().toISOString();
      const reaction = { id: lastId, node_id: `REA_${lastId}`, user, content, created_at: at };
      bySubject.set(subject, [...all, reaction]);
      return { created: true, reaction };
    },

    /** Takes back one's own reaction; false when there is no such one. */
    remove(subject: string, id: number, login: string): boolean {
      const all = bySubject.get(subject) ?? [];
      const kept = all.filter((reaction) => reaction.id !== id || reaction.user.login !== login);
      bySubject.set(subject, kept);
      return kept.length < all.length;
    },

    /** The summary that GitHub shows in the comment or issue itself. */
    summarise(subject: string, shown: JsonObject): JsonObject {
      const all = bySubject.get(subject) ?? [];
      const counts = contents.map((content) => [
        content,
        all.filter((one) => one.content === content).length,
      ]);
      return { ...objectAt(shown, 'reactions'), total_count: all.length, ...Object.fromEntries(counts) };
    },
  };
}
export type Reactions = ReturnType<typeof createReactions>;
