import { expect, it } from 'vitest';
import { defaultAllowedTools } from '../../action/inputs.ts';
import { readingRules } from '../../action/reading-rules.ts';

const reads = (rules: string[]) => readingRules(rules, ['dexter-jira']);

it('leaves of the rules of the workflow those that read files', () => {
  expect(reads(defaultAllowedTools)).toEqual(['Read(./**)', 'Glob', 'Grep']);
});

it.each([
  ['Read', ['Read']],
  ['Read(//srv/docs/**)', ['Read(//srv/docs/**)']],
  ['LS', ['LS']],
  ['Bash', []],
  ['Bash(cat *)', []],
  ['Edit(./**)', []],
  ['Write', []],
  ['WebFetch', []],
  ['Agent', []],
  ['ReadMcpResource', []],
  ['mcp__dexter-jira', ['mcp__dexter-jira']],
  ['mcp__dexter-jira__get_ticket', ['mcp__dexter-jira__get_ticket']],
  [
    'mcp__dexter-jira-admin',
    ['mcp__dexter-jira-admin__jira_get_issue', 'mcp__dexter-jira-admin__getJiraIssue'],
  ],
  ['mcp__atlassian', ['mcp__atlassian__jira_get_issue', 'mcp__atlassian__getJiraIssue']],
  ['mcp__atlassian__*', ['mcp__atlassian__jira_get_issue', 'mcp__atlassian__getJiraIssue']],
  ['mcp__atlassian__jira_get_issue', ['mcp__atlassian__jira_get_issue']],
  ['mcp__atlassian__jira_delete_issue', []],
  ['mcp__atlassian__jira_*', []],
  ['mcp__db__query', []],
])('leaves of %s %j', (rule, left) => {
  expect(reads([rule])).toEqual(left);
});
