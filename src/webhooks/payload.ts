import { z } from 'zod';
import type { RepositoryRef } from '../core/command.ts';

/** Ids of everything that GitHub knows. */
export const Id = z.number().int().positive();

/** Number of an issue or a pull request: it becomes a part of an issue key. */
export const IssueNumber = Id.max(9_999_999_999);

/** The parts that every event holds; what else a payload says is not looked at. */
const Sender = z.looseObject({ id: Id, login: z.string(), type: z.string() });

/** What people write: a comment or a review. */
export const Written = z.looseObject({ id: Id, body: z.string().nullable(), user: Sender });

export const Common = z.looseObject({
  installation: z.looseObject({ id: Id }),
  repository: z.looseObject({
    id: Id,
    name: z.string(),
    owner: z.looseObject({ login: z.string() }),
  }),
});

export function repositoryOf(payload: z.infer<typeof Common>): RepositoryRef {
  const { id, name, owner } = payload.repository;
  return { id, owner: owner.login, name };
}

/** Thrown for a signed body of the wrong shape; answered with 400. */
export class BadPayload extends Error {}

/**
 * The parts of a webhook's body that the schema names.
 * @throws BadPayload that lists every field that is missing or wrong.
 */
export function parsePayload<T>(schema: z.ZodType<T>, payload: unknown): T {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  throw new BadPayload(z.prettifyError(parsed.error));
}
