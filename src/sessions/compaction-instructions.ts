/**
 * What the summary has to hold so that a follow-up need not explore again; one paragraph, after `/compact`. The CLI's own
 * instructions ask for whole pieces of code, which are read again before they are changed anyway, and for an analysis,
 * which is paid for and thrown away.
 */
export const compactionInstructions = [
  'This summary is for a later instruction that is not known yet, from people who have not read this conversation.',
  'Keep the <analysis> to two sentences.',
  'In the <summary>, at most 1,500 words in all, give:',
  '(1) every file that was read, by its path, with what it holds in one line: what it exports, with signatures, and what it is for;',
  '(2) what was changed in which file, and why;',
  '(3) decisions, with their reasons and what was tried and given up;',
  '(4) commands that were run, with the exact command and how it ended, and how to build and test here;',
  '(5) what people asked for and every rule that they set, in their own words;',
  '(6) what is unfinished, and questions that are open.',
  'Quote code only where it is needed and stands in no file.',
].join(' ');
