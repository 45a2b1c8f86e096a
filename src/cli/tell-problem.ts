import type { AppError } from '../core/errors.ts';
import { plain } from './plain-text.ts';
import type { Terminal } from './terminal.ts';

/** Says what went wrong and how to mend it. A message may have lines of its own; each is made safe by itself. */
export function tellProblem({ message, hint }: AppError, { tell }: Pick<Terminal, 'tell'>): void {
  for (const line of `${message}\n\n${hint}`.split('\n')) tell(plain(line));
}

/** Says several problems; the exit code is 0 when there is none. */
export function tellProblems(problems: AppError[], terminal: Pick<Terminal, 'tell'>): number {
  for (const problem of problems) tellProblem(problem, terminal);
  return problems.length === 0 ? 0 : 1;
}
