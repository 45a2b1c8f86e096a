import type { GitHubPerson } from '../../github/people.ts';

/** Whether one of the administrators is this person: by the number of the account, or by its login. */
export function isAmong(administrators: readonly (string | number)[], { id, login }: GitHubPerson): boolean {
  return administrators.some((one) =>
    typeof one === 'number' ? one === id : one.toLowerCase() === login.toLowerCase(),
  );
}
