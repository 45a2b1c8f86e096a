/** Repositories whose rows somebody may see, by their ids; `all` for administrators. */
export type Scope = 'all' | readonly number[];

/** Who looks at the dashboard. */
export interface Viewer {
  /** GitHub login, or what stands for somebody who did not sign in. */
  name: string;
  /** GitHub id; absent for somebody who did not sign in. */
  id?: number;
  scope: Scope;
  isAdministrator: boolean;
}
