import { z } from 'zod';

/** What JIRA answers, as far as it is looked at; loose, because sites add members of their own. */

const User = z.looseObject({
  accountId: z.string().optional(),
  /** Server and Data Center have no account ids. */
  name: z.string().optional(),
  displayName: z.string().optional(),
});
export type User = z.infer<typeof User>;

/** JIRA writes `2026-01-05T09:00:00.000+0000`. */
const Moment = z
  .union([z.date(), z.string().pipe(z.coerce.date())])
  .nullish()
  .catch(undefined);

export const Comment = z.looseObject({
  id: z.string(),
  author: User.nullish(),
  body: z.unknown().optional(),
  created: Moment,
  updated: Moment,
});
export type Comment = z.infer<typeof Comment>;

const Properties = z.array(z.looseObject({ key: z.string(), value: z.unknown().optional() })).optional();

export const CommentPage = z.looseObject({
  comments: z.array(Comment.extend({ properties: Properties })).default([]),
  total: z.number().default(0),
});
export type CommentPage = z.infer<typeof CommentPage>;

const Named = z.looseObject({ name: z.string().optional() }).nullish();

export const Found = z.looseObject({
  issues: z
    .array(
      z.looseObject({
        key: z.string(),
        fields: z.looseObject({ summary: z.string().nullish(), status: Named }),
      }),
    )
    .default([]),
});

const Names = z
  .array(z.looseObject({ name: z.string() }))
  .nullish()
  .catch([]);

const Other = z
  .looseObject({
    key: z.string(),
    fields: z.looseObject({ summary: z.string().nullish(), status: Named }).nullish(),
  })
  .nullish();
export type Other = z.infer<typeof Other>;

const Link = z.looseObject({
  type: z.looseObject({ inward: z.string().optional(), outward: z.string().optional() }).nullish(),
  inwardIssue: Other,
  outwardIssue: Other,
});

const Attachment = z.looseObject({
  id: z.union([z.string(), z.number()]).transform(String),
  filename: z.string().default(''),
  mimeType: z.string().nullish(),
  size: z.number().nullish(),
  created: Moment,
  author: User.nullish(),
});

const Changelog = z.looseObject({
  total: z.number().optional(),
  histories: z
    .array(
      z.looseObject({
        author: User.nullish(),
        items: z
          .array(z.looseObject({ field: z.string().optional(), fromString: z.string().nullish() }))
          .default([]),
      }),
    )
    .default([]),
});
export type Changelog = z.infer<typeof Changelog>;

export const Issue = z.looseObject({
  id: z.string().default(''),
  key: z.string(),
  fields: z.looseObject({
    summary: z.string().nullish(),
    description: z.unknown().optional(),
    status: Named,
    issuetype: Named,
    priority: Named,
    labels: z.array(z.string()).nullish(),
    components: Names,
    fixVersions: Names,
    parent: Other,
    subtasks: z.array(Other).nullish().catch([]),
    issuelinks: z.array(Link).nullish().catch([]),
    attachment: z.array(Attachment).nullish().catch([]),
    updated: Moment,
    /** Only where it was asked for; a site may leave the older ones out. */
    comment: CommentPage.nullish().catch(undefined),
  }),
  /** Field id to its name, when asked for. */
  names: z.record(z.string(), z.string()).optional(),
  changelog: Changelog.optional(),
});
export type Issue = z.infer<typeof Issue>;

export const Touched = z.looseObject({ key: z.string(), fields: z.looseObject({ updated: Moment }) });

/** The keys of categories are the same in every language. */
export const Closing = z.looseObject({
  fields: z.looseObject({
    status: z
      .looseObject({ statusCategory: z.looseObject({ key: z.string().optional() }).nullish() })
      .nullish(),
    statuscategorychangedate: Moment,
    resolutiondate: Moment,
  }),
});

export const Labelled = z.looseObject({
  fields: z.looseObject({ labels: z.array(z.string()).nullish() }),
  changelog: Changelog.optional(),
});

export const RemoteLinks = z.array(
  z.looseObject({
    relationship: z.string().nullish(),
    object: z.looseObject({ url: z.string().default(''), title: z.string().nullish() }).optional(),
  }),
);
