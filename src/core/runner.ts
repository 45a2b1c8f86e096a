import { z } from 'zod';
import { KeptContext } from './context.ts';
import { Progress, Report } from './report.ts';
import { TicketsSeen } from './session.ts';
import { SessionKeys } from './session-key.ts';
import { TicketSnapshotFile } from './ticket-snapshot.ts';

/**
 * What runner and app say to each other over HTTP, JSON both ways, under `<app-url>/api/commands/<command id>/`.
 * The claim is authorised by a bearer token that the runner got outside of the job's inputs; heartbeat and
 * report by the bearer token that the claim answered with, and they carry its fencing token.
 */
export const claimPath = (commandId: string) => `/api/commands/${commandId}/claim`;
export const heartbeatPath = (commandId: string) => `/api/commands/${commandId}/heartbeat`;
export const attachmentPath = (commandId: string, attachmentId: string) =>
  `/api/commands/${commandId}/attachments/${encodeURIComponent(attachmentId)}`;
export const reportPath = (commandId: string) => `/api/commands/${commandId}/report`;

/** Seconds between two heartbeats, and how long the app waits for one before it calls the runner lost. */
export const heartbeatSeconds = 15;
export const leaseSeconds = 90;

export const ClaimRequest = z.object({
  /** Made up by the run: a claim that is repeated because its answer was lost gets the same answer. */
  claimant: z.uuid(),
  /** Where the run can be looked at: the workflow run's page, or empty for a local run. */
  runUrl: z.string(),
  runnerName: z.string(),
  /** Asks for the ticket in parts, which the MCP servers of the run answer from. */
  wantsSnapshot: z.boolean().default(false),
});
export type ClaimRequest = z.input<typeof ClaimRequest>;

export const ClaimResponse = z.object({
  /** Number of the run that has the command; a heartbeat or report with another one is refused. */
  fence: z.number().int().positive(),
  /** Bearer token of the heartbeats and the report of this run. */
  runToken: z.string(),
  /** Installation token for this repository alone, one hour: contents, pull requests, and reading logs of Actions. */
  githubToken: z.string(),
  /** What this session is sealed with, and what its earlier archives may have been sealed with. */
  sessionKeys: SessionKeys,
  /** What the inputs cannot hold. */
  context: KeptContext.pick({ delta: true, full: true, attachments: true })
    .extend({
      text: z.string().optional(),
      /** How much of the ticket all this shows, when it is newer than the inputs: then nothing in them counts. */
      seen: TicketsSeen.optional(),
    })
    .default({ attachments: [] }),
  /** The JIRA ticket of the command, where it was asked for and there is one. */
  snapshot: TicketSnapshotFile.optional(),
  /** Name and e-mail that commits are made under. */
  committer: z.object({ name: z.string(), email: z.string() }),
});
export type ClaimResponse = z.infer<typeof ClaimResponse>;

/** For the content of an attachment, which is the answer as it is. */
export const AttachmentRequest = z.object({ fence: z.number().int().positive() });
export type AttachmentRequest = z.infer<typeof AttachmentRequest>;

/** Bytes of one attachment that a runner is given. */
export const mostAttachmentBytes = 10_000_000;

export const HeartbeatRequest = z.object({ fence: z.number().int().positive(), progress: Progress });
export type HeartbeatRequest = z.infer<typeof HeartbeatRequest>;

/** `stop` is how a person's `@dexter stop` reaches the run. */
export const HeartbeatResponse = z.object({ stop: z.boolean() });
export type HeartbeatResponse = z.infer<typeof HeartbeatResponse>;

export const ReportRequest = z.object({ fence: z.number().int().positive(), report: Report });
export type ReportRequest = z.infer<typeof ReportRequest>;

/** A refused claim, heartbeat or report: HTTP 4xx with this body. */
export const Refusal = z.object({ code: z.string(), message: z.string(), hint: z.string() });
export type Refusal = z.infer<typeof Refusal>;
