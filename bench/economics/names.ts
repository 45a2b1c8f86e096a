import { IssueKey } from '../../src/core/issue-key.ts';

export const issueKey = IssueKey.parse('SHOP-1');
export const modelName = 'claude-sonnet-4-5';
/** Of the form that a key has; the simulated model takes any. */
export const modelKey = 'sk-ant-bench-0123456789';
