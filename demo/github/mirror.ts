import type { Emulator } from './emulator.ts';
import {
  commitsBetween,
  compareHeads,
  git,
  hasObject,
  listHeads,
  moveHeads,
  type RefChange,
  readBlobs,
  readCommit,
  readTree,
} from './git.ts';
import { isObject, objectAt, textAt } from './json.ts';

/**
 * Keeps the emulator's git objects and branches equal to those of the bare repository, both ways. The
 * emulator computes the same shas as git does; a commit whose sha would differ (a signed one, say) is an
 * error, never a silent other sha.
 */
export function createMirror(emulator: Emulator, directory: string, owner: string, name: string) {
  const base = `/repos/${owner}/${name}/git`;
  const knownBlobs = new Set<string>();

  async function post(path: string, token: string, body: unknown, sha: string): Promise<void> {
    const answer = await emulator.request('POST', `${base}/${path}`, token, body);
    if (answer.status !== 201)
      throw new Error(`mirror: ${path} answered ${answer.status}: ${textAt(answer.body, 'message')}`);
    if (textAt(answer.body, 'sha') !== sha) throw new Error(`mirror: ${path} made another sha than ${sha}`);
  }

  async function copyCommit(sha: string, token: string): Promise<void> {
    const { tree, parents, author, committer, message } = await readCommit(directory, sha);
    const entries = await readTree(directory, tree);
    const missing = entries
      .filter((entry) => entry.type === 'blob' && !knownBlobs.has(entry.sha))
      .map((entry) => entry.sha);
    const shas = [...new Set(missing)];
    const contents = await readBlobs(directory, shas);
    for (const [index, blob] of shas.entries()) {
      const content = contents[index]?.toString('base64') ?? '';
      await post('blobs', token, { content, encoding: 'base64' }, blob);
      knownBlobs.add(blob);
    }
    await post('trees', token, { tree: entries }, tree);
    await post('commits', token, { message, tree, parents, author, committer }, sha);
  }

  /** Writes an object that the emulator has and the bare repository lacks, and what it is made of. */
  async function fetchCommit(sha: string): Promise<void> {
    if (await hasObject(directory, sha)) return;
    const commit = (await emulator.request('GET', `${base}/commits/${sha}`, emulator.ownToken)).body;
    const parents = (isObject(commit) && Array.isArray(commit.parents) ? commit.parents : []).map((parent) =>
      textAt(parent, 'sha'),
    );
    for (const parent of parents) await fetchCommit(parent);
    const tree = textAt(objectAt(commit, 'tree'), 'sha');
    await fetchTree(tree);
    const message = textAt(commit, 'message');
    const text = [
      `tree ${tree}`,
      ...parents.map((parent) => `parent ${parent}`),
      `author ${identityLine(objectAt(commit, 'author'))}`,
      `committer ${identityLine(objectAt(commit, 'committer'))}`,
      '',
      message.endsWith('\n') ? message : `${message}\n`,
    ].join('\n');
    await writeObject('commit', text, sha);
  }

  async function fetchTree(sha: string): Promise<void> {
    if (await hasObject(directory, sha)) return;
    const tree = (await emulator.request('GET', `${base}/trees/${sha}`, emulator.ownToken)).body;
    const entries = isObject(tree) && Array.isArray(tree.tree) ? tree.tree : [];
    for (const entry of entries) {
      if (textAt(entry, 'type') === 'tree') await fetchTree(textAt(entry, 'sha'));
      if (textAt(entry, 'type') === 'blob') await fetchBlob(textAt(entry, 'sha'));
    }
    const lines = entries.map(
      (entry) =>
        `${textAt(entry, 'mode')} ${textAt(entry, 'type')} ${textAt(entry, 'sha')}\t${textAt(entry, 'path')}\0`,
    );
    const made = (await git(directory, ['mktree', '-z'], { input: lines.join('') }))
      .toString('latin1')
      .trim();
    if (made !== sha) throw new Error(`mirror: tree ${sha} became ${made}`);
  }

  async function fetchBlob(sha: string): Promise<void> {
    if (await hasObject(directory, sha)) return;
    const blob = (await emulator.request('GET', `${base}/blobs/${sha}`, emulator.ownToken)).body;
    await writeObject('blob', Buffer.from(textAt(blob, 'content'), 'base64'), sha);
  }

  async function writeObject(
    type: 'commit' | 'blob',
    content: string | Uint8Array,
    sha: string,
  ): Promise<void> {
    const out = await git(directory, ['hash-object', '-w', '-t', type, '--stdin'], { input: content });
    const made = out.toString('latin1').trim();
    if (made !== sha) throw new Error(`mirror: ${type} ${sha} became ${made}`);
  }

  async function emulatedHeads(): Promise<Map<string, string>> {
    const answer = await emulator.request('GET', `${base}/matching-refs/heads`, emulator.ownToken);
    const refs = Array.isArray(answer.body) ? answer.body : [];
    return new Map(refs.map((ref) => [textAt(ref, 'ref'), textAt(objectAt(ref, 'object'), 'sha')]));
  }

  return {
    /** After a push: copies the new commits into the emulator and moves its branches, as the pusher. */
    async toEmulator(changes: RefChange[], token: string): Promise<void> {
      const emulated = await emulatedHeads();
      const known = [...emulated.values()];
      for (const { ref, after } of changes) {
        const path = `${base}/refs/${ref.slice('refs/'.length)}`;
        if (after === null) {
          if (emulated.has(ref)) await emulator.request('DELETE', path, token);
          continue;
        }
        for (const sha of await commitsBetween(directory, after, known)) await copyCommit(sha, token);
        known.push(after);
        const moved = emulated.has(ref)
          ? await emulator.request('PATCH', path, token, { sha: after, force: true })
          : await emulator.request('POST', `${base}/refs`, token, { ref, sha: after });
        if (moved.status >= 300)
          throw new Error(`mirror: ${ref} answered ${moved.status}: ${textAt(moved.body, 'message')}`);
      }
    },

    /** After a write by the REST API: fetches what is new into the bare repository and moves its branches. */
    async toRepository(): Promise<RefChange[]> {
      const changes = compareHeads(await listHeads(directory), await emulatedHeads());
      for (const { after } of changes) if (after !== null) await fetchCommit(after);
      await moveHeads(directory, changes);
      return changes;
    },
  };
}
export type Mirror = ReturnType<typeof createMirror>;

/** Name, mail and ISO date -> the line that git hashes. */
function identityLine(identity: Record<string, unknown>): string {
  const date = textAt(identity, 'date');
  const zone = /([+-])(\d{2}):?(\d{2})$/.exec(date);
  const offset = zone ? `${zone[1]}${zone[2]}${zone[3]}` : '+0000';
  return `${textAt(identity, 'name')} <${textAt(identity, 'email')}> ${Math.floor(Date.parse(date) / 1000)} ${offset}`;
}
