import { isGitData } from './paths.ts';

/** What is in them is obeyed by git, editors, hooks and package managers, or by agents: as the CLI has them. */
const folders = new Set([
  ...['.git', '.vscode', '.idea', '.claude', '.husky', '.cargo', '.devcontainer', '.yarn', '.mvn'],
]);

const files = new Set([
  ...['.gitconfig', '.gitmodules', '.envrc', '.ripgreprc', '.mcp.json', '.claude.json', '.devcontainer.json'],
  ...['.bashrc', '.bash_profile', '.bash_login', '.bash_logout', '.bash_aliases', '.profile'],
  ...['.zshrc', '.zprofile', '.zshenv', '.zlogin', '.zlogout'],
  ...['.npmrc', '.yarnrc', '.yarnrc.yml', '.pnp.cjs', '.pnp.js', '.pnp.loader.mjs', '.pnp.data.json'],
  ...['.pnpmfile.cjs', 'bunfig.toml', '.bunfig.toml', '.bazelrc', '.bazelversion', '.bazeliskrc'],
  ...['.pre-commit-config.yaml', 'lefthook.yml', '.lefthook.yml', 'lefthook.yaml', '.lefthook.yaml'],
  ...['gradle-wrapper.properties', 'maven-wrapper.properties', 'pyrightconfig.json'],
]);

/**
 * Whether a file is one that programs take as instructions, so that a rule for everything does not mean it. The CLI
 * asks before it changes one of these whatever the rules say, and where nobody can be asked it does not.
 */
export function isProtected(path: string): boolean {
  if (isGitData(path)) return true;
  const names = path.toLowerCase().normalize('NFKC').split(/[/\\]/);
  return (
    names.some((name) => folders.has(name)) ||
    files.has(names.at(-1) ?? '') ||
    names.some((name, index) => name === '.config' && names[index + 1] === 'git')
  );
}
