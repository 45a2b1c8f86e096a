import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { localDispatcher } from '../../src/dispatch/local.ts';
import { dispatchRequest } from '../fakes/dispatch-request.ts';
import { isRunning, until } from '../fakes/processes.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const request = dispatchRequest('http://127.0.0.1:9');
const { commandId } = request.job;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let sleeper: ChildProcess;
let pid: number;

beforeEach(async () => {
  directory = await temporaryDirectory();
  await mkdir(join(directory.path, commandId));
  sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(sleeper, 'spawn');
  pid = sleeper.pid ?? 0;
});

afterEach(async () => {
  sleeper.kill('SIGKILL');
  await directory.remove();
});

const dispatcher = () =>
  localDispatcher({
    directory: directory.path,
    runToken: () => 'token',
    githubApiUrl: 'http://127.0.0.1:9',
    githubServerUrl: 'http://127.0.0.1:9',
    inputs: {},
    environment: {},
  });

async function remember(started: string): Promise<void> {
  await writeFile(join(directory.path, commandId, 'pid'), String(pid));
  await writeFile(join(directory.path, commandId, 'started'), started);
}

async function startOf(id: number): Promise<string> {
  const stat = await readFile(`/proc/${id}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

test('a run is found and cancelled after a restart of the app', async () => {
  await remember(await startOf(pid));
  expect(await dispatcher().find(request)).toEqual({ id: String(pid), url: '' });
  await dispatcher().cancel(request, { id: String(pid), url: '' });
  await until(async () => !(await isRunning(pid)));
});

test('a process that has the id of a run now is not the run, and is left alone', async () => {
  await remember('1');
  expect(await dispatcher().find(request)).toBeUndefined();
  await dispatcher().cancel(request, { id: String(pid), url: '' });
  expect(await isRunning(pid)).toBe(true);
});

test('a dispatched run is found by what the dispatcher remembers of it', async () => {
  const { id } = await dispatcher().dispatch(request);
  try {
    expect(await dispatcher().find(request)).toEqual({ id, url: '' });
  } finally {
    process.kill(-Number(id), 'SIGKILL');
  }
});
