import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { closedAccess } from '../../../src/dashboard/sign-in/closed-access.ts';

const app = new Hono();
app.get('*', async (c) => {
  const answer = await closedAccess().viewerOf(c);
  return answer instanceof Response ? answer : c.text('a viewer', 500);
});

it('says at the first page that Dexter runs, and what to set', async () => {
  const page = await app.request('/');
  expect(page.status).toBe(200);
  expect(await page.text()).toMatch(/Dexter is running.*GITHUB_CLIENT_ID.*GITHUB_CLIENT_SECRET/s);
});

it('has no other page', async () => {
  const page = await app.request('/commands');
  expect(page.status).toBe(404);
  expect(await page.text()).toContain('GITHUB_CLIENT_SECRET');
});
