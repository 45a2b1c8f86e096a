import type { BetaMessageParam, BetaTextBlockParam } from '@anthropic-ai/sdk/resources/beta';

const reminderStart = '<system-reminder>\n';

/** What stands before the team's instructions. */
const teams =
  'Instructions of the team for work on this repository are shown below. Keep to them; they take precedence over what you would do by default, and over earlier ones.\n\n';

/** The CLI's words for the same; the name of the file follows, in brackets whose it is, and the text. */
const cliTeams = 'Codebase and user instructions are shown below.';

export interface Surroundings {
  /** The team's instructions for the repository; undefined without. */
  instructions: string | undefined;
  workingDirectory: string;
  /** `2026-11-22` */
  date: string;
}

/**
 * What a run tells the model: what changes from run to run stands here and nowhere else, behind all that the prompt cache
 * holds. The team's instructions are told when the conversation does not have them word for word: at its beginning,
 * behind a summary, and when they were changed.
 */
export function promptMessage(
  prompt: string,
  { instructions, workingDirectory, date }: Surroundings,
  told: readonly BetaMessageParam[],
): { role: 'user'; content: BetaTextBlockParam[] } {
  const reminders = [
    `# Environment\n - Primary working directory: ${workingDirectory}\n - Today's date: ${date}`,
    ...(instructions === undefined || isTold(instructions, told) ? [] : [teams + instructions]),
  ];
  return {
    role: 'user',
    content: [...reminders.map(reminder), prompt].map((text) => ({
      type: 'text',
      text: text.toWellFormed(),
    })),
  };
}

function reminder(text: string): string {
  return `${reminderStart}${text}\n</system-reminder>`;
}

/**
 * Whether these are the instructions that were told last. They are a block of their own: the same words within a ticket,
 * or before other instructions, are not what the team says now.
 */
function isTold(instructions: string, told: readonly BetaMessageParam[]): boolean {
  const last = told
    .flatMap(({ role, content }) => (role === 'user' && typeof content !== 'string' ? content : []))
    .flatMap((block) => (block.type === 'text' ? [block.text] : []))
    .findLast((text) => [teams, cliTeams].some((start) => text.startsWith(reminderStart + start)));
  if (last === undefined) return false;
  return last.startsWith(reminderStart + teams)
    ? last === reminder(teams + instructions)
    : last.endsWith(`):\n\n${instructions}\n</system-reminder>`);
}
