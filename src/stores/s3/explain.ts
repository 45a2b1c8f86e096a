import { AppError } from '../../core/errors.ts';
import type { SessionRef } from '../../core/session.ts';
import type { S3Options } from './options.ts';
import { codeOf, Silence, statusOf, Truncated } from './retry.ts';

/** What is wrong with what is in the bucket, or with the server, though no request failed. */
export class StoreFault extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = 'StoreFault';
    this.hint = hint;
  }
}

/** The archive that was to be saved broke off: no fault of the store. */
export class ArchiveBroken extends Error {
  constructor(cause: unknown) {
    super('the archive broke off', { cause });
    this.name = 'ArchiveBroken';
  }
}

export type Doing = 'read' | 'save' | 'remove' | 'list';

/** For errors without a session: those of a list. */
export function listingError(error: unknown, place: S3Options): AppError {
  return storeError('list', undefined, error, place);
}

/**
 * The error that people see. Errors of the SDK are put into words and never attached as its cause: they hold
 * the signed request.
 */
export function storeError(
  doing: Doing,
  ref: SessionRef | undefined,
  error: unknown,
  place: S3Options,
): AppError {
  if (error instanceof AppError) return error;
  const whose = ref ? `The session of ${ref.issueKey}` : 'The sessions';
  const verb = { read: 'read', save: 'saved', remove: 'removed', list: 'listed' }[doing];
  if (error instanceof ArchiveBroken) {
    if (error.cause instanceof AppError) return error.cause;
    return new AppError('session-not-saved', {
      message: `${whose} could not be saved: its archive broke off before it was complete.`,
      hint: 'Try again with `retry`; the conversation goes on from the generation before.',
      cause: error.cause,
    });
  }
  const { what, hint } = explain(error, place);
  return new AppError(doing === 'save' ? 'session-not-saved' : 'session-unreadable', {
    message: `${whose} could not be ${verb}: ${what}.`,
    hint,
  });
}

const unknownCredentials = [
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  // Versity's gateway, of an unknown key id.
  'XAdminUserNotFound',
];

/** What happened, as the end of a sentence, and what mends it. Names bucket and endpoint, never credentials. */
export function explain(error: unknown, place: S3Options): { what: string; hint: string } {
  if (error instanceof StoreFault) return { what: error.message, hint: error.hint };
  const { bucket, endpoint, region } = place;
  const where = endpoint === undefined ? `S3 in ${region}` : endpoint;
  const said = saidBy(error);

  if (isOneOf(error, 'NoSuchBucket')) {
    return {
      what: `the bucket ${bucket} does not exist at ${where}`,
      hint: `Create the bucket ${bucket}, or correct \`bucket\`, \`region\` and \`endpoint\` of the store.`,
    };
  }
  if (isOneOf(error, 'ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired', 'RequestExpired')) {
    return {
      what: `the credentials for the bucket ${bucket} at ${where} have expired (${said})`,
      hint: 'Get new credentials at the start of the job, with a role whose sessions outlast it.',
    };
  }
  if (isOneOf(error, ...unknownCredentials)) {
    return {
      what: `${where} does not know the credentials for the bucket ${bucket} (${said})`,
      hint: 'Check the access key, its secret and the session token: they have to belong together, and to this endpoint.',
    };
  }
  if (isOneOf(error, 'CredentialsProviderError', 'TokenProviderError', 'ProviderError')) {
    return {
      what: `there are no credentials for the bucket ${bucket} at ${where}`,
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the job, or let it assume a role before.',
    };
  }
  if (
    isOneOf(error, 'AuthorizationHeaderMalformed', 'PermanentRedirect', 'TemporaryRedirect') ||
    isOneOf(error, 'IllegalLocationConstraintException') ||
    [301, 307].includes(statusOf(error) ?? 0)
  ) {
    return {
      what: `the bucket ${bucket} at ${where} is not in the region ${region} (${said})`,
      hint: 'Set `region` of the store to the region that the bucket was created in.',
    };
  }
  if (isOneOf(error, 'RequestTimeTooSkewed')) {
    return {
      what: `the clock of this machine and that of ${where} differ too much`,
      hint: 'Set the clock of the machine.',
    };
  }
  if (statusOf(error) === 403 || (error instanceof Error && error.name.startsWith('KMS.'))) {
    return {
      what: `${where} refuses access to the bucket ${bucket} (${said})`,
      hint: `Allow s3:ListBucket and s3:ListBucketMultipartUploads on the bucket ${bucket}, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on what is in it; with a KMS key also kms:GenerateDataKey and kms:Decrypt.`,
    };
  }
  if (statusOf(error) === 501) {
    return {
      what: `${where} with the bucket ${bucket} cannot do what a session needs (${said})`,
      hint: 'Use a server that knows conditional writes (`If-Match`, `If-None-Match`) and uploads in parts.',
    };
  }
  if (error instanceof Silence || error instanceof Truncated || codeOf(error) !== undefined) {
    return {
      what: `${where} with the bucket ${bucket} cannot be reached (${said})`,
      hint: 'Check `endpoint` of the store and the network of the machine, then try again with `retry`.',
    };
  }
  return {
    what: `${where} failed with the bucket ${bucket} (${said})`,
    hint: 'Try again with `retry`; when it stays, look into the log of the storage service.',
  };
}

function isOneOf(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** An error in a few letters of our own choice: the text that a server sent may say anything. */
function saidBy(error: unknown): string {
  if (error instanceof Silence || error instanceof Truncated) return error.message;
  const name = codeOf(error) ?? (error instanceof Error ? error.name : '');
  const status = statusOf(error);
  return [/^[A-Za-z0-9_.]{1,60}$/.test(name) ? name : 'Error', ...(status ? [String(status)] : [])].join(' ');
}
