import type { Hono } from 'hono';
import { answer, documentation, type Env, forward, forwardAmended, notFound, page } from '../answer.ts';
import { isObject, numberAt, parseJson } from '../json.ts';
import { formatFile } from '../pull-requests.ts';
import { addresses, type World } from '../world.ts';

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

  app.post(`${repo}/pulls`, async (c) => {
    const refusal = c.get('caller') ? await pulls.refusal(parseJson(await c.req.text())) : undefined;
    if (refusal) return answer(c, 422, { ...refusal, ...documentation });
    const response = await forward(c, world);
    const body = parseJson(await response.text());
    if (response.status === 201) pulls.remember(numberAt(body, 'number'));
    return answer(c, response.status, await amend(body));
  });

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

  for (const change of ['merge', 'update-branch']) {
    app.put(`${repo}/pulls/:number{[0-9]+}/${change}`, (c) =>
      c.json(
        { message: `The simulation cannot do this (${change}): push the result with git instead.` },
        501,
      ),
    );
  }
}
