import type { Hono } from 'hono';
import { announce } from '../announce.ts';
import {
  answer,
  bodyOf,
  documentation,
  type Env,
  forward,
  forwardAmended,
  notFound,
  page,
} from '../answer.ts';
import { headOf, mergeCommit, moveHeads } from '../git.ts';
import { isObject, numberAt, objectAt, parseJson, textAt } from '../json.ts';
import { formatFile } from '../pull-requests.ts';
import { addresses, userOf, type World } from '../world.ts';

/** Pull requests as git knows them, and as the issues that they also are. */
export function pullRoutes(app: Hono<Env>, world: World): void {
  const { emulator, pulls, amend } = world;
  const { repo, repositoryUrl, htmlUrl } = addresses(world);

  app.get(`${repo}/issues/:number{[0-9]+}`, async (c) => {
    const number = Number(c.req.param('number'));
    if (!pulls.has(number)) return forwardAmended(c, world);
    const issue = await pulls.asIssue(number, c.get('token'));
    return issue ? answer(c, 200, await amend(issue)) : notFound(c);
  });

  app.post(`${repo}/pulls`, (c) =>
    world.exclusively(async () => {
      const refusal = c.get('caller') ? await pulls.refusal(parseJson(await c.req.text())) : undefined;
      if (refusal) return answer(c, 422, { ...refusal, ...documentation });
      const response = await forward(c, world);
      const body = parseJson(await response.text());
      if (response.status === 201) pulls.remember(numberAt(body, 'number'));
      return answer(c, response.status, await amend(body));
    }),
  );

  app.get(`${repo}/pulls/:number{[0-9]+}/files`, async (c) => {
    const { status, body } = await pulls.read(Number(c.req.param('number')), c.get('token'));
    if (status !== 200 || !isObject(body)) return answer(c, status, body);
    const { files, head } = await pulls.comparisonOf(body);
    return page(
      c,
      world,
      files.map((file) => formatFile(file, repositoryUrl, htmlUrl, head)),
    );
  });

  app.get(`${repo}/pulls/:number{[0-9]+}/commits`, async (c) => {
    const { status, body } = await pulls.read(Number(c.req.param('number')), c.get('token'));
    if (status !== 200 || !isObject(body)) return answer(c, status, body);
    const { commits } = await pulls.comparisonOf(body);
    const read = (sha: string) => emulator.request('GET', `${repo}/commits/${sha}`, emulator.ownToken);
    const all = await Promise.all(commits.map(read));
    // A list shows less of each commit than asking for one does.
    const shown = all.map(({ body: commit }) =>
      isObject(commit) ? { ...commit, files: undefined, stats: undefined } : {},
    );
    return page(c, world, shown);
  });

  app.put(`${repo}/pulls/:number{[0-9]+}/merge`, (c) =>
    world.exclusively(async () => {
      const caller = c.get('caller');
      const number = Number(c.req.param('number'));
      const { status, body: pull } = await pulls.read(number, c.get('token'));
      if (!caller || status !== 200 || !isObject(pull)) return answer(c, status === 200 ? 403 : status, pull);
      const refuse = (code: number, message: string) => answer(c, code, { message, ...documentation });
      if ((textAt(await bodyOf(c), 'merge_method') || 'merge') !== 'merge')
        return refuse(501, 'The simulation only makes merge commits.');
      if (pull.state !== 'open') return refuse(405, 'Pull Request is not mergeable');
      const [from, to] = [textAt(objectAt(pull, 'head'), 'ref'), textAt(objectAt(pull, 'base'), 'ref')];
      const base = await headOf(world.directory, to);
      const head = await headOf(world.directory, from);
      const made =
        base && head
          ? await mergeCommit(world.directory, base, head, {
              message: `Merge pull request #${number} from ${world.owner}/${from}`,
              login: caller.login,
            })
          : undefined;
      if (!base || !made) return refuse(405, 'Pull Request is not mergeable');
      const changes = [{ ref: `refs/heads/${to}`, before: base, after: made }];
      await moveHeads(world.directory, changes);
      await world.mirror.toEmulator(changes, c.get('token'));
      pulls.noteMerge(number, made);
      await emulator.request('PATCH', `${repo}/pulls/${number}`, emulator.ownToken, { state: 'closed' });
      await announce(world, changes, await userOf(world, caller));
      return answer(c, 200, { sha: made, merged: true, message: 'Pull Request successfully merged' });
    }),
  );

  app.put(`${repo}/pulls/:number{[0-9]+}/update-branch`, (c) =>
    c.json({ message: 'The simulation cannot do this (update-branch): push the result with git.' }, 501),
  );
}
