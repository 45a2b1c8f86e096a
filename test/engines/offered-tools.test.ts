import { describe, expect, it } from 'vitest';
import { defaultAllowedTools } from '../../action/inputs.ts';
import { offeredTools } from '../../src/engines/offered-tools.ts';

describe('offeredTools', () => {
  it.each<[string, string[], string[]]>([
    ['the default rules', defaultAllowedTools, ['Bash', 'Edit', 'Glob', 'Grep', 'Read', 'Write']],
    ['no rules', [], ['Glob', 'Grep', 'Read']],
    ['a rule for a file outside of the checkout', ['Read(//context/**)'], ['Glob', 'Grep', 'Read']],
    ['one tool without what it may be used for', ['WebFetch'], ['Glob', 'Grep', 'Read', 'WebFetch']],
    ['sub-agents by either name', ['Task(Explore)'], ['Agent', 'Glob', 'Grep', 'Read', 'Task']],
    ['notebooks', ['NotebookEdit'], ['Glob', 'Grep', 'NotebookEdit', 'Read']],
    ['servers, one of them by its tools', ['mcp__a', 'mcp__b__c'], ['Glob', 'Grep', 'Read', 'ToolSearch']],
    ['what is no rule', ['', '(x)', '--flag', 'constructor'], ['Glob', 'Grep', 'Read', 'constructor']],
  ])('offers for %s what they allow, and no more', (_name, rules, tools) => {
    expect(offeredTools(rules)).toEqual(tools);
  });

  it('is the same for the same rules in another order, or given twice', () => {
    const rules = defaultAllowedTools.toReversed();
    expect(offeredTools([...rules, ...rules])).toEqual(offeredTools(defaultAllowedTools));
  });
});
