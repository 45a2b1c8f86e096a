import { messageOf } from '../core/errors.ts';
import { formatSize } from '../core/size.ts';
import type { JiraAttachment } from './ticket.ts';

export interface AttachmentLimits {
  /** Bytes of one attachment. */
  each: number;
  /** Bytes of all that are fetched for a ticket. */
  together: number;
  count: number;
}

const attachmentLimits: AttachmentLimits = { each: 10_000_000, together: 25_000_000, count: 50 };

export interface AttachmentFile {
  attachment: JiraAttachment;
  content: Uint8Array;
}

export interface ReadAttachments {
  /** To be written under `attachment.fileName`. */
  files: AttachmentFile[];
  /** The others, each with the reason that a reader is told. */
  listed: { attachment: JiraAttachment; reason: string }[];
}

const readableType =
  /^(?:text\/.+|image\/(?:png|jpe?g|gif|webp)|application\/(?:json|x-ndjson|(?:x-)?ya?ml|xml|toml|sql|javascript|x-sh|x-log|.+\+(?:json|xml)))$/i;

/** Browsers send text of many kinds as bytes; images only count by their type. */
const readableName =
  /\.(?:txt|md|markdown|log|out|err|trace|json|jsonl|ndjson|ya?ml|xml|toml|ini|cfg|conf|properties|csv|tsv|sql|diff|patch|html?|css|[cm]?[jt]sx?|py|rb|go|rs|java|kt|cs|c|h|cpp|hpp|sh|har|srt|rst|adoc|feature|graphql|proto)$/i;

/** Whether Claude can read what is in it: text of all kinds and images. */
function isReadable({ mimeType, name }: JiraAttachment): boolean {
  if (readableType.test(mimeType)) return true;
  return readableName.test(name) && !/^(?:image|audio|video|font)\//i.test(mimeType);
}

/**
 * Fetches the attachments of a ticket that can be read, newest first until the limits are reached. One that cannot be
 * fetched is listed with its reason and does not keep the others from it.
 */
export async function readAttachments(
  attachments: readonly JiraAttachment[],
  download: (attachment: JiraAttachment, maxBytes: number) => Promise<Uint8Array>,
  limits: AttachmentLimits = attachmentLimits,
): Promise<ReadAttachments> {
  const files: AttachmentFile[] = [];
  const listed: ReadAttachments['listed'] = [];
  let left = limits.together;
  const newestFirst = attachments.toSorted((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
  for (const attachment of newestFirst) {
    const reason = reasonToList(attachment, left, files.length, limits);
    if (reason !== undefined) {
      listed.push({ attachment, reason });
      continue;
    }
    try {
      // The size that JIRA tells is not relied on.
      const content = await download(attachment, Math.min(limits.each, left));
      left -= content.byteLength;
      files.push({ attachment, content });
    } catch (error) {
      listed.push({ attachment, reason: messageOf(error) });
    }
  }
  return { files, listed };
}

function reasonToList(
  attachment: JiraAttachment,
  left: number,
  count: number,
  { each, together, count: most }: AttachmentLimits,
): string | undefined {
  const { bytes } = attachment;
  if (!isReadable(attachment)) return 'neither text nor an image that can be read';
  if (bytes > each) return `${formatSize(bytes)}, larger than the ${formatSize(each)} that are fetched`;
  if (count >= most) return `more than ${most} attachments`;
  if (bytes > left) return `the attachments of the ticket are larger than ${formatSize(together)} together`;
  return undefined;
}
