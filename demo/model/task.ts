/** One thing that the simulated model can do. Paths are relative to the working directory of the CLI. */
export interface Task {
  /** Tested against the newest instruction of the conversation. */
  match: RegExp;
  /** Files whose content must be in the conversation before anything is changed. */
  needs: string[];
  /** Files as they are to be afterwards, whole. */
  edits: { path: string; content: string }[];
  /** Calls of MCP tools, one after the other, before anything is changed; only where there are such tools. One that the CLI has not described yet is searched for first. */
  calls?: { name: string; input: Record<string, unknown> }[];
  /** Calls of any tools, all made with the first answer, whatever comes of them. */
  atOnce?: { name: string; input: Record<string, unknown> }[];
  /** Shell commands, run in this order after the edits. */
  run: string[];
  /** The closing answer; `{tests}` becomes what the commands reported. */
  answer: string;
}
