/** What needs no permission within the checkout, and what a rule for a file of the ticket is about. */
const always = ['Glob', 'Grep', 'Read'];

/** Built-in tools that a rule is about, where they are not just the one that it names. */
const aboutMore: Readonly<Record<string, readonly string[]>> = {
  // A rule for `Edit` covers all that changes files; notebooks are rare, and their tool is named where there are some.
  Edit: ['Edit', 'Write'],
  // Early versions call it `Task`; each passes over a name that it does not know.
  Agent: ['Agent', 'Task'],
  Task: ['Agent', 'Task'],
};

/**
 * The built-in tools that permission rules allow, sorted: the others would be described to the model in every request,
 * and denied when it asks for them. Sub-agents and lists of things to do need no permission, yet they are left out as
 * well unless a rule names them: what a sub-agent reads is not in the conversation that the next run goes on with, and
 * `Agent` alone is a fifth of the base prefix.
 * @param rules in the CLI's syntax: `Read(./**)`, `Bash(npm test *)`, `mcp__server__tool`.
 */
export function offeredTools(rules: readonly string[]): string[] {
  const named = rules.flatMap((rule) => {
    // Its tools are described when they are searched for, so that a server that grows costs nothing.
    if (rule.startsWith('mcp__')) return ['ToolSearch'];
    const [tool = ''] = /^[A-Za-z]\w*/.exec(rule) ?? [];
    return tool === '' ? [] : Object.hasOwn(aboutMore, tool) ? (aboutMore[tool] ?? []) : [tool];
  });
  return [...new Set([...always, ...named])].sort();
}
