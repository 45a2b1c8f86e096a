import type { BetaMessageParam, BetaTextBlockParam } from '@anthropic-ai/sdk/resources/beta';

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
    ...(instructions === undefined || isTold(instructions, told)
      ? []
      : [
          `Instructions of the team for work on this repository are shown below. Keep to them; they take precedence over what you would do by default.\n\n${instructions}`,
        ]),
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
  return `<system-reminder>\n${text}\n</system-reminder>`;
}

function isTold(text: string, told: readonly BetaMessageParam[]): boolean {
  return told.some(({ role, content }) => {
    if (role !== 'user') return false;
    if (typeof content === 'string') return content.includes(text);
    return content.some((block) => block.type === 'text' && block.text.includes(text));
  });
}
