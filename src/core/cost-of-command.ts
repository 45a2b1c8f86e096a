/**
 * What a command has cost in US dollars, wherever it is listed: what its report says, and as long as it has no end what
 * its run told last. Null where nobody knows: also of a run that ended without a report, which told only a part.
 */
export function costOfCommand(cost: {
  reportedUsd: number | null | undefined;
  toldUsd: number | null | undefined;
  isEnded: boolean;
}): number | null {
  return cost.reportedUsd ?? (cost.isEnded ? null : (cost.toldUsd ?? null));
}
