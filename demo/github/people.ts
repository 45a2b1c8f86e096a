/** What a person may do in a repository. */
export type Role = 'admin' | 'write' | 'read' | 'none';

/** The people of the simulated organisation, as GitHub knows them. */
export type Person = {
  login: string;
  name: string;
  /** What the person may do in the repository; `admin` is also a member of the organisation. */
  role: Exclude<Role, 'none'>;
};

export const people: readonly Person[] = [
  { login: 'maria', name: 'Maria Lang', role: 'admin' },
  { login: 'rob', name: 'Rob Tan', role: 'write' },
  { login: 'guest', name: 'Guest', role: 'read' },
];
