import { parseCommand } from '../commands/parse.ts';
import type { Actor, Ask, DashboardOrigin } from '../core/command.ts';
import type { Problem } from '../core/errors.ts';
import { readRequest } from '../github/comments.ts';
import type { Conversation } from '../github/conversation.ts';
import type { CommentOrigin, RequestText } from '../github/github.ts';
import type { NewestComments } from '../jira/read-ticket.ts';
import { getCommand, repetitionsOf } from '../ledger/commands.ts';
import type { CommandRow } from '../ledger/tables.ts';
import { connectionOf } from './connections.ts';
import { mayBeRepeated } from './may-be-repeated.ts';
import { readConversation } from './read-conversation.ts';
import { isDue } from './retention.ts';
import type { Services } from './services.ts';

export type Understood =
  | {
      outcome: 'ask';
      ask: Ask;
      actor: Actor;
      text: string;
      /** The newest comments of the ticket, where the command was one of them. */
      newest?: NewestComments;
      /** What was read on GitHub together with the request. */
      conversation?: Conversation;
    }
  /** Nothing to obey and nobody to answer: the comment does not address Dexter, or Dexter wrote it. */
  | { outcome: 'ignore'; reason: string }
  | { outcome: 'refuse'; problem: Problem };

/** What the label asks for, in words. */
const labelInstruction = 'Implement what this ticket describes.';

/** Longest instruction: it has to fit into the workflow's inputs beside the context. */
const maxInstruction = 20_000;

/**
 * Reads the request again where it was made, because a payload only hints: the text, its author and that it
 * was not edited since count as they are now.
 */
export async function understand(services: Services, row: CommandRow): Promise<Understood> {
  const { origin } = row;
  switch (origin.kind) {
    case 'github-comment':
    case 'github-review-comment':
    case 'github-review': {
      const { request, conversation } = await readAsked(services, row, origin);
      if (!request)
        return refuse('request-gone', 'The comment was deleted before Dexter began.', 'Ask again.');
      if (request.author.type === 'Bot') return { outcome: 'ignore', reason: 'written by a bot' };
      const actor: Actor = { from: 'github', ...request.author };
      const understood = fromText(services.name, request.text, row, actor, false);
      return conversation && understood.outcome === 'ask' ? { ...understood, conversation } : understood;
    }
    case 'jira-comment': {
      const { jira } = connectionOf(services, origin);
      const read = await jira.readComment(origin.issueKey, origin.commentId);
      if (!read) return refuse('request-gone', 'The comment was deleted before Dexter began.', 'Ask again.');
      const { comment, newest } = read;
      if (comment.author.accountId === (await jira.ownAccountId())) {
        return { outcome: 'ignore', reason: 'written by Dexter' };
      }
      const actor: Actor = { from: 'jira', ...comment.author };
      const understood = fromText(services.name, comment.text, row, actor, comment.edited);
      return understood.outcome === 'ask' ? { ...understood, newest } : understood;
    }
    case 'jira-label': {
      const { jira } = connectionOf(services, origin);
      const added = await jira.readLabel(origin.issueKey, origin.label);
      if (!added) {
        return refuse(
          'request-gone',
          `The label \`${origin.label}\` was removed before Dexter began.`,
          'Add it again, or comment on the ticket.',
        );
      }
      const ask: Ask = { kind: 'instruction', instruction: labelInstruction, flags: {} };
      return { outcome: 'ask', ask, actor: { from: 'jira', ...added }, text: '' };
    }
    case 'dashboard-github': {
      const understood = await fromDashboard(services, row, origin);
      if (understood.outcome !== 'ask' || row.queue_key !== row.issue_key) return understood;
      // What is done again was asked in a comment: that says where it belongs, not who asks now.
      const { asked, ...conversation } = await readConversation(services, row, origin);
      return { ...understood, conversation };
    }
    case 'dashboard-jira':
      return fromDashboard(services, row, origin);
    case 'retention': {
      if (!(await isDue(services, row))) {
        return { outcome: 'ignore', reason: 'the session was used again, or its ticket opened again' };
      }
      return {
        outcome: 'ask',
        ask: { kind: 'control', word: 'forget' },
        actor: { from: 'dexter' },
        text: '',
      };
    }
  }
}

/**
 * The request as it is now, undefined when it was deleted, with all that is said around it: one call to GitHub. A
 * word that Dexter answers itself needs no more than its comment, and must not wait for a large pull request.
 */
async function readAsked(
  services: Services,
  row: CommandRow,
  origin: CommentOrigin,
): Promise<{ request: RequestText | undefined; conversation?: Conversation }> {
  if (row.queue_key !== row.issue_key) return { request: await readRequest(services.github, origin) };
  const conversation = await readConversation(services, row, origin);
  const request = conversation.asked?.request ?? (await readRequest(services.github, origin));
  return { request, conversation };
}

/** The dashboard keeps the text itself, or names the command that is done again as it was understood. */
async function fromDashboard(
  { db, name }: Services,
  row: CommandRow,
  { repeats }: DashboardOrigin,
): Promise<Understood> {
  if (repeats === undefined) return fromText(name, row.claimed_text ?? '', row, row.actor, false);
  const repeated = await getCommand(db, repeats);
  if (!repeated?.ask || !mayBeRepeated(repeated)) {
    return refuse('nothing-to-do', 'There is nothing to do again.', 'Say what you want instead.');
  }
  // Two who press the button at once: what waits for its turn on the issue begins when the one before it has ended.
  const others = await repetitionsOf(db, repeated);
  if (others.some(({ id, status }) => id !== row.id && status === 'done')) {
    return refuse('nothing-to-do', 'This was done again already.', 'Say what else you want.');
  }
  return { outcome: 'ask', ask: repeated.ask, actor: row.actor, text: '' };
}

function fromText(name: string, text: string, row: CommandRow, actor: Actor, edited: boolean): Understood {
  const changed = row.claimed_text === null ? edited : !sameText(row.claimed_text, text);
  if (changed) {
    return refuse(
      'request-changed',
      'The comment was edited after it was posted, so Dexter did not act on it.',
      'Post what you want as a new comment.',
    );
  }
  const parsed = parseCommand(text, name);
  switch (parsed.outcome) {
    case 'none':
      return { outcome: 'ignore', reason: 'does not address Dexter' };
    case 'invalid':
      return { outcome: 'refuse', problem: parsed.problem };
    case 'command':
      return asked(parsed.ask, actor, text);
  }
}

function asked(ask: Ask, actor: Actor, text: string): Understood {
  const problem = instructionProblem(ask);
  return problem ? { outcome: 'refuse', problem } : { outcome: 'ask', ask, actor, text };
}

/** Why an instruction that is well written cannot be obeyed; undefined when it can. */
export function instructionProblem(ask: Ask): Problem | undefined {
  if (ask.kind === 'control' || ask.instruction.length <= maxInstruction) return undefined;
  return {
    code: 'input-invalid',
    message: `The instruction has ${ask.instruction.length} characters; at most ${maxInstruction} fit.`,
    hint: 'Put the details into the ticket or a file of the repository and refer to them.',
  };
}

/** Line ends and space at the ends differ between a webhook and the API; nothing else may. */
function sameText(one: string, other: string): boolean {
  const plain = (text: string) => text.replaceAll('\r\n', '\n').trim();
  return plain(one) === plain(other);
}

function refuse(code: Problem['code'], message: string, hint: string): Understood {
  return { outcome: 'refuse', problem: { code, message, hint } };
}
