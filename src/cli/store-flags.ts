import type { Command } from 'commander';
import type { Source } from './flag-values.ts';

/** Each flag that says where sessions are, with the variables that stand in for it. */
export const storeSources = {
  store: { flag: '--store', variables: ['DEXTER_STORE'] },
  workspace: { flag: '--workspace', variables: ['DEXTER_WORKSPACE'] },
  repository: { flag: '--repository', variables: ['GITHUB_REPOSITORY'] },
} as const satisfies Record<string, Source>;

/** The same for S3, by the name of the driver's option. */
export const s3Sources = {
  bucket: { flag: '--s3-bucket', variables: ['DEXTER_S3_BUCKET'] },
  // Where there are credentials for AWS, there often is a region too.
  region: { flag: '--s3-region', variables: ['DEXTER_S3_REGION', 'AWS_REGION', 'AWS_DEFAULT_REGION'] },
  endpoint: { flag: '--s3-endpoint', variables: ['DEXTER_S3_ENDPOINT'] },
  prefix: { flag: '--s3-prefix', variables: ['DEXTER_S3_PREFIX'] },
  forcePathStyle: { flag: '--s3-path-style', variables: ['DEXTER_S3_PATH_STYLE'] },
  sseKmsKeyId: { flag: '--s3-kms-key-id', variables: ['DEXTER_S3_KMS_KEY_ID'] },
} as const satisfies Record<string, Source>;

/** Flags that narrow down which sessions are meant. */
export const scopeSources = {
  installationId: { flag: '--installation' },
  repositoryId: { flag: '--repository-id' },
} as const satisfies Record<string, Source>;

/** Adds the flags that every command on a store has. */
export function addStoreFlags(command: Command): Command {
  return command
    .option('--store <name>', 'workspace, s3 or actions-cache (DEXTER_STORE; default: workspace)')
    .option(
      '--workspace <directory>',
      'directory of the store `workspace` (DEXTER_WORKSPACE; default: workspace in DEXTER_DATA)',
    )
    .option('--s3-bucket <name>', 'bucket of the store `s3` (DEXTER_S3_BUCKET)')
    .option('--s3-region <name>', 'its region (DEXTER_S3_REGION, AWS_REGION)')
    .option('--s3-endpoint <url>', 'address of an S3-compatible server (DEXTER_S3_ENDPOINT)')
    .option('--s3-prefix <prefix>', 'what all object keys begin with (DEXTER_S3_PREFIX; default: dexter)')
    .option('--s3-path-style', 'the bucket stands in the path, not in the host name (DEXTER_S3_PATH_STYLE)')
    .option('--s3-kms-key-id <id>', 'KMS key for server-side encryption (DEXTER_S3_KMS_KEY_ID)')
    .option(
      '--repository <owner/name>',
      'whose Actions cache is meant (GITHUB_REPOSITORY); its token is taken from GITHUB_TOKEN or GH_TOKEN',
    );
}

/** Adds the flags that say whose sessions are meant. */
export function addScopeFlags(command: Command): Command {
  return command
    .option('--installation <id>', 'only sessions of this installation of the GitHub App')
    .option('--repository-id <id>', 'only sessions of the repository with this id');
}
