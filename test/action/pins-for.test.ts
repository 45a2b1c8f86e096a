import { describe, expect, it } from 'vitest';
import { pinsFor, toolsFor } from '../../action/pins-for.ts';

const notes = { command: 'notes', env: { A: '1' } };
const more = { command: 'more' };

function flagsOf(servers: Record<string, unknown>, tools: 'auto' | 'default' | string[] = 'auto'): string {
  const inputs = { allowedTools: ['Bash', 'mcp__notes', 'mcp__more'], tools };
  const task = { workingDirectory: '/w', ...toolsFor(inputs) };
  return pinsFor(task, { name: 'claude-code', version: '2.1.330' }, inputs, servers).flags;
}

describe('the pin of the flags', () => {
  it.each<['auto' | string[]]>([['auto'], [['Bash', 'ToolSearch']]])(
    'holds with tools: %s whether there is a server, as the tools of all are searched for',
    (tools) => {
      const one = flagsOf({ notes }, tools);
      expect(flagsOf({ notes: { ...notes, env: { A: '2' } } }, tools)).toBe(one);
      expect(flagsOf({ notes, more }, tools)).toBe(one);
      expect(flagsOf({}, tools)).not.toBe(one);
    },
  );

  it.each<['default' | string[]]>([['default'], [['Bash', 'Read']]])(
    'holds their names with tools: %s, which may be described in each request',
    (tools) => {
      const both = flagsOf({ notes, more }, tools);
      expect(flagsOf({ more, notes: { ...notes, env: {} } }, tools)).toBe(both);
      expect(flagsOf({ notes }, tools)).not.toBe(both);
    },
  );
});
