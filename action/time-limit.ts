const mostMarginMs = 2 * 60 * 1000;

/**
 * The engine is stopped a little before the run's own time is over, so that there is time left to save the
 * session, push, and report: a tenth of it, at most two minutes.
 */
export function engineTimeLimitMs(timeoutMinutes: number): number {
  const whole = timeoutMinutes * 60 * 1000;
  return whole - Math.min(whole / 10, mostMarginMs);
}
