import { expect, it } from 'vitest';
import { chooseServers, isMcpRule } from '../../src/mcp/choose-servers.ts';

const servers = {
  jira: { command: 'jira' },
  jira2: { command: 'jira2' },
  'Our wiki.': { command: 'wiki' },
  __proto: { command: 'proto' },
};

it.each([
  [[], [], []],
  [['Read(./**)', 'Bash(mcp__jira)'], [], []],
  [['mcp__jira'], ['jira'], []],
  [['mcp__jira__get_issue', 'mcp__jira__search'], ['jira'], []],
  [['mcp__jira2'], ['jira2'], []],
  [['mcp__Our_wiki_'], ['Our wiki.'], []],
  [['mcp__Our_wiki___read'], ['Our wiki.'], []],
  [['mcp__jir', 'mcp__jira'], ['jira'], ['mcp__jir']],
  [['mcp__jira_get'], [], ['mcp__jira_get']],
  [['mcp__', 'mcp__*'], [], ['mcp__', 'mcp__*']],
])('of rules %j chooses %j and does not know %j', (rules, chosen, unknown) => {
  const found = chooseServers(servers, rules);
  expect(Object.keys(found.servers)).toEqual(chosen);
  expect(found.unknown).toEqual(unknown);
});

it('tells rules about MCP tools from others', () => {
  expect(['mcp__jira', 'Read', 'Bash(mcp__x)'].map(isMcpRule)).toEqual([true, false, false]);
});
