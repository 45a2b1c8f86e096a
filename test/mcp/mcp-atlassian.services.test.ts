import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { connectClient, dexterProgram, startProcess } from './everything.ts';
import { installedFromPyPi } from './installed.ts';
import { startJiraFront } from './jira-front.ts';

let program: string;
let front: Awaited<ReturnType<typeof startJiraFront>>;

beforeAll(async () => {
  program = await installedFromPyPi('mcp-atlassian', '0.23.1', 'mcp-atlassian');
  front = await startJiraFront();
}, 480_000);

afterAll(() => front?.close());

it('saves the calls of a published JIRA server, and none that a write made out of date', async () => {
  await using place = await temporaryDirectory();
  const { baseUrl: _baseUrl, email, apiToken } = front.jira.connection;
  const env = { JIRA_URL: front.url, JIRA_USERNAME: email, JIRA_API_TOKEN: apiToken };
  const { transport, said } = startProcess(
    place.path,
    [dexterProgram, 'mcp-cache', '--name=jira', '--', program],
    env,
  );
  const { client } = await connectClient(transport);
  try {
    const call = async (name: string, args: Record<string, unknown>) => {
      const result = CallToolResultSchema.parse(await client.callTool({ name, arguments: args }));
      const [first] = result.content;
      const text = first?.type === 'text' ? first.text : '';
      expect(result.isError ?? false, text).toBe(false);
      return text;
    };
    /** How many requests JIRA got for it. */
    const costOf = async (what: Promise<unknown>) => {
      const before = front.seen.length;
      await what;
      return front.seen.length - before;
    };
    const first = { issue_key: 'DX-1', comment_limit: 10 };
    const one = await call('jira_get_issue', first);
    expect(one).toContain('Fix the login');
    expect(await call('jira_get_issue', { comment_limit: 10, issue_key: 'DX-1' })).toBe(one);
    expect(await costOf(call('jira_get_issue', first))).toBe(0);
    expect(await call('jira_get_issue', { issue_key: 'DX-2' })).toContain('Another one');
    expect(await call('jira_search', { jql: 'project = DX' })).toContain('DX-2');
    expect(await costOf(call('jira_search', { jql: 'project = DX' }))).toBe(0);

    expect(
      await costOf(call('jira_add_comment', { issue_key: 'DX-1', body: 'Done by the test.' })),
    ).toBeGreaterThan(0);
    expect(front.jira.comments('DX-1')).toHaveLength(1);
    expect(await call('jira_get_issue', first)).toContain('Done by the test.');
    expect(await costOf(call('jira_search', { jql: 'project = DX' }))).toBeGreaterThan(0);
    expect(await costOf(call('jira_get_issue', { issue_key: 'DX-2' }))).toBe(0);
    expect(said()).not.toContain(apiToken);
  } finally {
    await client.close();
  }
});
