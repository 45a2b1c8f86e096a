// Runs before `npm run demo`, `npm test` and their like, on whatever Node the machine has (18 and up):
// installs the dependencies when they are missing or older than the lock file, among them the Node 24
// that the script itself then runs on.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

const installed = new URL('../node_modules/.package-lock.json', import.meta.url);
const wanted = new URL('../package-lock.json', import.meta.url);

const current = existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs;

if (!current) {
  console.error('Installing dependencies (npm ci) ...');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: new URL('..', import.meta.url),
    // The script's own standard output stays clean: `--json` output is read by programs.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) {
    console.error('npm ci failed. Mend what it says above, then run the command again.');
    process.exit(npm.status ?? 1);
  }
}
