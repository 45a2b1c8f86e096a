/** One result, printed as one line of JSON. */
export interface Figure {
  bench: string;
  figure: string;
  value: number;
  /** `ratio`, `calls`, `files`, `tokens`, `ms`, `s`, `MB` or `MB/s`. */
  unit: string;
  /** What the value has to be, such as `<=1.3`. */
  goal: string;
  holds: boolean;
}

const comparisons = {
  '<=': (value: number, limit: number) => value <= limit,
  '>=': (value: number, limit: number) => value >= limit,
  '<': (value: number, limit: number) => value < limit,
};
export type Goal = `${keyof typeof comparisons}${number}`;

export interface Result {
  figure: string;
  value: number;
  unit: string;
  goal: Goal;
}

/** Rounded to what can be told apart; whether the goal is met is decided on the rounded value, which is printed. */
export function judge(bench: string, { figure, value, unit, goal }: Result): Figure {
  const [, sign, limit] = /^(<=|>=|<)(.+)$/.exec(goal) ?? [];
  if (sign !== '<=' && sign !== '>=' && sign !== '<') throw new Error(`${goal} is no goal`);
  const rounded = Number(value.toPrecision(3));
  return { bench, figure, value: rounded, unit, goal, holds: comparisons[sign](rounded, Number(limit)) };
}
