import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Values that must not be in the log, from all steps. */
const masked = new Set<string>();

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
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...state },
  });
  const written = writeMasked(child.stdout);
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', pass);
  process.on('SIGTERM', pass);
  return new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', async (code) => {
      process.off('SIGINT', pass);
      process.off('SIGTERM', pass);
      await written;
      resolve(code ?? 1);
    });
  });
}

const mask = '::add-mask::';

/** `core.setSecret` names a value that the runner takes out of every line after it; the naming itself goes too. */
async function writeMasked(output: Readable): Promise<void> {
  for await (const line of createInterface({ input: output })) {
    if (line.startsWith(mask)) {
      const value = unescapeCommand(line.slice(mask.length));
      if (value !== '') masked.add(value);
    } else {
      process.stdout.write(`${[...masked].reduce((text, value) => text.replaceAll(value, '***'), line)}\n`);
    }
  }
}

/** https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts */
function unescapeCommand(value: string): string {
  return value.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

/** `core.saveState` appends `name<<delimiter`, the value, and the delimiter to the file in GITHUB_STATE. */
async function savedState(): Promise<Record<string, string>> {
  const text = await readFile(process.env.GITHUB_STATE ?? '', 'utf8').catch(() => '');
  const entries = text.matchAll(/^([^\n]*?)<<(ghadelimiter_[^\n]+)\n([\s\S]*?)\n\2$/gm);
  return Object.fromEntries([...entries].map(([, name, , value]) => [`STATE_${name}`, value ?? '']));
}

process.exitCode = await runAction(process.argv[2] ?? '');
