import { createHash } from 'node:crypto';
import { z } from 'zod';

/**
 * What a conversation was told of the ticket and the pull request, as far as a delta needs it: values of fields by
 * their names, comments by their ids with a hash of their text, attachments by their ids with their names.
 */
export const ContextSeen = z.object({
  fields: z.record(z.string(), z.string()),
  comments: z.record(z.string(), z.string()),
  attachments: z.record(z.string(), z.string()),
});
export type ContextSeen = z.infer<typeof ContextSeen>;

/** SHA-256, lower case hex, the same for the same content in whatever order it was read. */
export function hashOfSeen({ fields, comments, attachments }: ContextSeen): string {
  const sorted = [fields, comments, attachments].map((record) =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
