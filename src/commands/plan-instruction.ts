const change =
  'Change nothing for it: no file, no branch, no commit, nothing elsewhere. Read what you need to know.';

const answer =
  'Answer with the plan alone, as Markdown: what is to be done and in which order, in which files and with which tests, what may go wrong, and what has to be decided first. A later message may ask you to carry it out.';

/**
 * What the engine is told for `plan`: by itself enough for an engine that knows of no other kind of command.
 * @param what is to be planned; empty for what the ticket asks.
 */
export function planInstruction(what: string): string {
  const asked = what.trim();
  if (asked === '') return `Make a plan for what the ticket asks. ${change}\n\n${answer}`;
  return `Make a plan for the following, and do not carry it out:\n\n${asked}\n\n${change}\n\n${answer}`;
}
