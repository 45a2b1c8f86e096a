// Compiles src/ to dist/ for the npm package. The layout stays, so that `../../action/dist/main.js` is the
// same file seen from src/dispatch/local.ts and from dist/dispatch/local.js.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));

for (const needed of ['src/cli.ts', 'action/dist/main.js']) {
  if (existsSync(at(needed))) continue;
  console.error(`${needed} does not exist: the package would not work without it (\`npm run bundle\`).`);
  process.exit(1);
}

rmSync(at('dist'), { recursive: true, force: true });
const compiler = at('node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '--project', at('tsconfig.build.json')], {
  // Standard output belongs to `npm pack --json`, which runs this before it packs.
  stdio: ['ignore', 2, 2],
});
// What pages are drawn with is read beside the code that serves it.
cpSync(at('src/dashboard/assets'), at('dist/dashboard/assets'), { recursive: true });
process.exitCode = status ?? 1;
