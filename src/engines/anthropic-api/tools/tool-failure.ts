import { ToolError } from '@anthropic-ai/sdk/lib/tools/ToolError';

/** What no rule allows, or nothing could: the run goes on, and its report names the tool. */
export class Denied extends ToolError {
  constructor(tool: string, what: string, hint: string) {
    super(`Permission to use ${tool} has been denied: ${what}. ${hint}`);
    this.name = 'Denied';
  }
}

/** What went wrong with a file, without the path that the system's own message would show. */
export function fileFailure(error: unknown, shown: string): ToolError {
  if (error instanceof ToolError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new ToolError(`${shown}: ${reasons[code] ?? `the file system answered ${code || 'an error'}`}`);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory. Look with LS or Glob for what is there.',
  ENOTDIR: 'a part of this path is no directory. Look with LS for what is there.',
  EISDIR: 'this is a directory. Use LS to see what is in it.',
  ENAMETOOLONG: 'the name is too long for the file system. Use a shorter one.',
  EACCES: 'the file system gives no permission. Work without this file.',
  EPERM: 'the file system gives no permission. Work without this file.',
  EROFS: 'this can only be read. Work without a change to it.',
  ENOSPC: 'there is no room left on the disk.',
  ELOOP: 'a link was put in its place meanwhile. Read it again.',
  EEXIST: 'something was put in its place meanwhile. Look again with LS.',
};
