/** Repositories whose rows somebody may see, by their ids; `all` for administrators. */
export type Scope = 'all' | readonly number[];

/** One text for all who see the same. */
export function scopeKey(scope: Scope): string {
  return scope === 'all' ? scope : [...scope].sort((one, other) => one - other).join();
}

/** Who looks at the dashboard. */
export interface Viewer {
  /** GitHub login, or what stands for somebody who did not sign in. */
  name: string;
  /** GitHub id; absent for somebody who did not sign in. */
  id?: number;
  scope: Scope;
  isAdministrator: boolean;
}
