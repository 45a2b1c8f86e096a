import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld, type World } from '../app/world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

it('shows a page that can load nothing but what the app serves', async () => {
  const response = await fetch(world.url);
  const page = await response.text();
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  const [, path = ''] = /href="(\/assets\/dexter\.[0-9a-f]{12}\.css)"/.exec(page) ?? [];
  const style = await fetch(`${world.url}${path}`);
  expect(style.headers.get('content-type')).toContain('text/css');
  expect(style.headers.get('cache-control')).toContain('immutable');
});
