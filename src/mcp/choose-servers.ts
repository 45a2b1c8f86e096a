import type { McpConfig } from './wrap-servers.ts';

export interface ChosenServers {
  servers: McpConfig['mcpServers'];
  /** Rules that name a server which is not there. */
  unknown: string[];
}

const ruleStart = 'mcp__';

/** Whether a permission rule is about a tool of an MCP server. */
export function isMcpRule(rule: string): boolean {
  return rule.startsWith(ruleStart);
}

/**
 * The servers that permission rules name, as `mcp__<server>` or `mcp__<server>__<tool>`: a server without a rule
 * would be started and its tools described to the model for nothing, as all of them would be denied.
 */
export function chooseServers(servers: McpConfig['mcpServers'], rules: readonly string[]): ChosenServers {
  const about = rules.filter(isMcpRule);
  const names = Object.keys(servers);
  return {
    servers: Object.fromEntries(
      Object.entries(servers).filter(([name]) => about.some((rule) => isAbout(rule, name))),
    ),
    unknown: about.filter((rule) => !names.some((name) => isAbout(rule, name))),
  };
}

/** The tools of one server among `mcp__<server>__<tool>`, by the names that the server gives them. */
export function toolsOf(server: string, tools: readonly string[]): string[] {
  const beginning = `${ruleStart}${nameInRules(server)}__`;
  return tools.filter((tool) => tool.startsWith(beginning)).map((tool) => tool.slice(beginning.length));
}

function isAbout(rule: string, server: string): boolean {
  const all = `${ruleStart}${nameInRules(server)}`;
  return rule === all || rule.startsWith(`${all}__`);
}

/** As the CLI writes a server's name in the names of its tools. */
function nameInRules(server: string): string {
  return server.replaceAll(/[^a-zA-Z0-9_-]/g, '_');
}
