/** A secret in a text, from `start` up to `end`. */
export interface Hit {
  start: number;
  end: number;
  rule: string;
  /** What the mark is made of when it is not the found text: a known value in another form. */
  secret?: string;
}
