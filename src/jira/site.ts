/** Which of their custom fields hold what: the id (`customfield_10016`) or the exact name of each. */
export interface JiraFieldNames {
  sprint?: string;
  storyPoints?: string;
  acceptanceCriteria?: string;
  /** What is connected to the ticket in the development panel. */
  development?: string;
}

export interface JiraSite {
  name: string;
  /** `server` is Server and Data Center: REST v2 with wiki markup, and personal access tokens. */
  type?: 'cloud' | 'server';
  /** Address for people. */
  url: string;
  /** Address of the API when it is another one. */
  apiUrl?: string;
  email: string;
  token: string;
  fields?: JiraFieldNames;
}
