import { describe, expect, it } from 'vitest';
import { isTouched, touchedBy } from '../../src/mcp/touched.ts';

const answer = (args: unknown, result = 'text', tool = 'get_issue') => ({
  tool,
  argumentsJson: JSON.stringify(args),
  resultJson: JSON.stringify({ content: [{ type: 'text', text: result }] }),
  storedAt: 0,
});

describe('what a write touches', () => {
  it.each([
    [{ issue_key: 'DX-1', body: 'done' }, ['DX-1']],
    [{ issueKey: 'DX-1', body: 'see dx-2 and DX-3.' }, ['DX-1', 'DX-2', 'DX-3']],
    [{ issues: ['DX-1', 'DX-2'] }, ['DX-1', 'DX-2']],
    [{ fields: { parent: { key: 'DX-9' } }, ticketId: 'DX-1' }, ['DX-1', 'DX-9']],
  ])('%j: the tickets %j', (args, keys) => {
    const touched = touchedBy(args);
    expect(touched === 'everything' ? touched : [...touched].sort()).toEqual(keys);
  });

  it.each([
    [{}],
    [undefined],
    [{ issueId: '10001', encoding: 'utf-8' }],
    [{ charset: 'UTF-8', id: 10001 }],
    [{ summary: 'like DX-1' }],
    [{ issue: 'the one about DX-1' }],
  ])('%j: everything', (args) => {
    expect(touchedBy(args)).toBe('everything');
  });
});

describe('a kept answer', () => {
  const touched = touchedBy({ issue_key: 'DX-1' });

  it.each([
    ['of the ticket', answer({ issue_key: 'DX-1' }), true],
    ['of the ticket in lower case', answer({ issue_key: 'DX-7', like: 'dx-1' }), true],
    ['that mentions the ticket', answer({ issue_key: 'DX-7' }, 'blocks DX-1'), true],
    ['of another ticket', answer({ issue_key: 'DX-7' }, 'blocks DX-12 and ADX-1'), false],
    ['of a search', answer({ jql: 'project = DX' }), true],
    ['of a search by name', answer({ key: 'DX-7' }, 'x', 'jira_search_linked'), true],
    ['of a search below another ticket', answer({ jql: 'parent = DX-7' }), true],
    ['without arguments', answer({}), true],
  ])('%s is touched: %s', (_name, kept, expected) => {
    expect(isTouched(kept, touched)).toBe(expected);
    expect(isTouched(kept, 'everything')).toBe(true);
  });
});
