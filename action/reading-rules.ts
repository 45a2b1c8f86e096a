import { ticketToolNames } from '../src/mcp/prime-ticket.ts';

/** Tools that read within the checkout, or what a rule names outside of it. */
const readingTools = ['Read', 'Glob', 'Grep', 'LS'];

/**
 * What of permission rules is left for a run that is to change nothing: rules for the tools that read files, and MCP
 * tools that are known to read. What a server says of its tools itself does not count: it is asked only once the run
 * has begun, and may say anything.
 * @param readingServers servers all of whose tools read.
 */
export function readingRules(rules: readonly string[], readingServers: readonly string[]): string[] {
  return rules.flatMap((rule) => {
    if (!rule.startsWith('mcp__')) return readingTools.includes(toolOf(rule)) ? [rule] : [];
    if (readingServers.some((name) => isAbout(rule, name))) return [rule];
    const [server, ...tool] = rule.slice('mcp__'.length).split('__');
    if (tool.length === 0 || tool.join('__') === '*')
      return ticketToolNames.map((name) => `mcp__${server}__${name}`);
    return ticketToolNames.some((name) => rule.endsWith(`__${name}`)) ? [rule] : [];
  });
}

function toolOf(rule: string): string {
  return /^\w+/.exec(rule)?.[0] ?? '';
}

function isAbout(rule: string, server: string): boolean {
  return rule === `mcp__${server}` || rule.startsWith(`mcp__${server}__`);
}
