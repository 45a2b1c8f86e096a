import { type Conversation, readConversation as readOnGitHub } from '../github/conversation.ts';
import { answeredAt, type GitHubOrigin } from '../github/github.ts';
import { pullRequestOfIssue } from '../ledger/sessions.ts';
import type { CommandRow } from '../ledger/tables.ts';
import type { Services } from './services.ts';

/** All that GitHub says around the comment of a command, and of Dexter's earlier pull request: one call. */
export async function readConversation(
  services: Services,
  row: CommandRow,
  origin: GitHubOrigin,
): Promise<Conversation> {
  const earlier = await pullRequestOfIssue(services.db, origin.repository.id, row.issue_key);
  const isAnother = earlier !== undefined && earlier.number !== origin.number;
  return readOnGitHub(services.github, answeredAt(origin), isAnother ? earlier.number : undefined);
}
