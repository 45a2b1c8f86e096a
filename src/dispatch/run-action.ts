import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Stands in for the runner on this machine: runs the action's main step, then its post step with the state
 * that main saved, as GitHub's runner does, and passes signals on to the step that runs. It is a program of
 * its own so that it outlives the app.
 *
 * Usage: node run-action.ts <directory of the built action>
 */
async function runAction(directory: string): Promise<number> {
  const main = await step(join(directory, 'main.js'), {});
  const post = await step(join(directory, 'post.js'), await savedState());
  return main || post;
}

async function step(script: string, state: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, [script], { stdio: 'inherit', env: { ...process.env, ...state } });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', pass);
  process.on('SIGTERM', pass);
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code) => {
      process.off('SIGINT', pass);
      process.off('SIGTERM', pass);
      resolve(code ?? 1);
    });
  });
}

/** `core.saveState` appends `name<<delimiter`, the value, and the delimiter to the file in GITHUB_STATE. */
async function savedState(): Promise<Record<string, string>> {
  const text = await readFile(process.env.GITHUB_STATE ?? '', 'utf8').catch(() => '');
  const entries = text.matchAll(/^([^\n]*?)<<(ghadelimiter_[^\n]+)\n([\s\S]*?)\n\2$/gm);
  return Object.fromEntries([...entries].map(([, name, , value]) => [`STATE_${name}`, value ?? '']));
}

process.exitCode = await runAction(process.argv[2] ?? '');
