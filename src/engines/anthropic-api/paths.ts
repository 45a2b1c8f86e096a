import { sep } from 'node:path';

export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** Whether a path is in a repository's own data, in whatever case, as some file systems make no difference. */
export function isGitData(path: string): boolean {
  // What HFS+ passes over in a name; NTFS passes over dots and spaces at its end.
  const ignored = /[\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;
  return path
    .split(/[/\\]/)
    .some((name) => /^(?:\.git|git~\d)[. ]*$/i.test(name.replaceAll(ignored, '').normalize('NFKC')));
}
