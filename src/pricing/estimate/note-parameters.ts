/** What the research note's tables are reckoned from. Sizes are decimal: 1 MB = 1000 KB, as disks and S3 count. */
export interface NoteParameters {
  /** New tickets a month. */
  tickets: number;
  /** Follow-ups of each ticket. */
  followUps: number;
  /** What a ticket comes to with its comments, from and to. */
  ticketKb: readonly [least: number, most: number];
  /** What the agent reads of the code for one task. */
  codeKb: number;
  charactersPerToken: number;
  repositoryGb: number;
  /** Size of a workspace in which the repository was worked in, as a multiple of the repository. */
  workspaceGrowth: number;
  /** The `.claude` directory of a session, from and to. */
  sessionMb: readonly [least: number, most: number];
  /** How often a session is restored; each follow-up does once. */
  restoresPerSession: number;
  /** Share of a task's tokens that a follow-up in a restored session saves. The note gives none: see `$66.00`. */
  savedShare: number;
  /** How many times as many tickets the table at scale has. */
  scale: number;
}

/** The parameters of the note of January 2026. */
export const noteParameters: NoteParameters = {
  tickets: 100,
  followUps: 3,
  ticketKb: [7, 25],
  codeKb: 500,
  charactersPerToken: 4,
  repositoryGb: 3.1,
  workspaceGrowth: 3.5 / 3.1,
  sessionMb: [50, 150],
  restoresPerSession: 3,
  savedShare: 0.304 / 0.393,
  scale: 10,
};

/** What the note measured of the repository that it takes its sizes from, a TypeScript monorepo. */
export const noteRepository = {
  historyMb: 220,
  nodeModulesGb: 1.9,
  sourceGb: 1.0,
  sourceFiles: 42_751,
  commits: 4_512,
  packagesMb: { client: 339, '3d-editor': 128, 'api-service': 122, lib: 53, 'path-viewer': 45, icons: 35 },
} as const;

/** "JIRA ticket (medium)" of the note's appendix A. */
export const mediumTicketTokens = 6000;

/** Its rules of thumb, from and to. */
export const noteRules = {
  fileLines: [200, 500],
  fileTokens: [1000, 3000],
  monorepoTokens: [50_000, 200_000],
} as const;

/** The sample answer of its health endpoint. */
export const noteSample = {
  hits: 1234,
  misses: 56,
  itemCount: 89,
  totalSizeBytes: 2_234_567,
  tokensSaved: 12_500_000,
} as const;
