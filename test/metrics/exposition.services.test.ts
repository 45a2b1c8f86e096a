import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accounts, ticketKey } from '../../demo/story/ticket.ts';
import { goodReport, startWorld, type World } from '../app/world.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

// Set by scripts/test-services.sh where it could be had.
const promtool = process.env.TEST_PROMTOOL ?? '';
if (promtool === '')
  console.warn('The tests with promtool do not run: it is not here, TEST_PROMTOOL does not say where.');

let world: World;

beforeAll(async () => {
  if (promtool !== '') world = await startWorld();
});

afterAll(() => world?.close());

/** `input` is what it reads, which is also the file `rules.yml`. */
async function run(args: string[], input: string) {
  await using place = await temporaryDirectory();
  await writeFile(join(place.path, 'rules.yml'), input);
  return await execa(promtool, args, {
    cwd: place.path,
    extendEnv: false,
    env: {},
    reject: false,
    all: true,
    input,
  });
}

describe.skipIf(promtool === '')('Prometheus itself', () => {
  it('reads what the app tells, and finds fault with names of Node alone', async () => {
    await world.jira.comment(accounts.maria, ticketKey, '@dexter implement this');
    const { id } = await world.until(({ status }) => status === 'dispatched', 'dispatched');
    await world.claim(id);
    await world.report(id, 1, goodReport());
    await world.until((one) => one.id === id && one.told, 'told');
    const text = await (await fetch(`${world.url}/metrics`)).text();
    expect(text).toContain('dexter_run_duration_seconds_bucket');
    const { all, exitCode } = await run(['check', 'metrics'], text);
    const faults = (all ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('nodejs_'));
    expect(faults).toEqual([]);
    // 3: what it advises otherwise, which are the names of Node's own figures.
    expect([0, 3]).toContain(exitCode);
    const broken = await run(['check', 'metrics'], `${text}dexter_queue_depth{ 1\n`);
    expect(broken.exitCode).toBe(1);
  });

  it('understands each query of the dashboard', async () => {
    const dashboard = JSON.parse(
      await readFile(new URL('../../docs/grafana-dashboard.json', import.meta.url), 'utf8'),
    ) as { panels: { targets?: { expr: string }[] }[] };
    const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const rules = queries.map((expr, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'dexter'),
    }));
    const check = (all: unknown[]) =>
      run(['check', 'rules', 'rules.yml'], JSON.stringify({ groups: [{ name: 'dashboard', rules: all }] }));
    const { all, exitCode } = await check(rules);
    expect(all).toContain(`SUCCESS: ${queries.length} rules found`);
    expect(exitCode).toBe(0);
    expect((await check([{ record: 'broken', expr: 'sum(' }])).exitCode).not.toBe(0);
  });
});
