import { afterEach, beforeEach, expect, it } from 'vitest';
import { startWorld, type World } from '../../app/world.ts';

let world: World;
const leaving: AbortController[] = [];

beforeEach(async () => {
  world = await startWorld();
});

afterEach(async () => {
  for (const controller of leaving.splice(0)) controller.abort();
  await world.close();
});

/** Listens as a page does. */
async function listen() {
  const controller = new AbortController();
  leaving.push(controller);
  const response = await fetch(`${world.url}/events`, { signal: controller.signal });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  let heard = '';
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const part of response.body ?? []) heard += decoder.decode(part, { stream: true });
  })().catch((error: unknown) => {
    if (!controller.signal.aborted) throw error;
  });
  await expect.poll(() => heard, { timeout: 30_000 }).toContain(': listening');
  return { heard: () => heard, ended };
}

it('says that something has changed, and not what', async () => {
  const { heard } = await listen();
  const { data } = await world.github
    .as('maria')
    .rest.issues.create({ owner: 'acme', repo: 'shop', title: 'Secret plans', body: '' });
  await world.comment('maria', data.number, '@dexter do it');
  await expect.poll(heard, { timeout: 30_000 }).toContain('event: change');
  expect(
    heard()
      .replaceAll(/^(: .*|event: change|data:.*)?$/gm, '')
      .trim(),
  ).toBe('');
});

it('does not hold up the stop of the app', async () => {
  const streams = await Promise.all([listen(), listen()]);
  await world.restart(undefined);
  await Promise.all(streams.map(({ ended }) => ended));
});
