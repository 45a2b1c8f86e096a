// node save-program.ts <file> <key>: hands one file of the current directory to the Actions cache, once a line
// has come on stdin. A process of its own, because the toolkit knows one working directory and one environment:
// those of its process. What went wrong it only prints. Exit code 0: sent; 3: not sent.
import { once } from 'node:events';
import { saveCache } from '@actions/cache';

const [file, key] = process.argv.slice(2);
if (file === undefined || key === undefined) throw new Error('usage: save-program.ts <file> <key>');

// Loading the toolkit takes a while, so it is done before the file is ready. Without a line (the parent has
// died or has changed its mind) nothing is saved.
const start = await Promise.race([once(process.stdin, 'data'), once(process.stdin, 'end')]);
if (start.length === 0) process.exit(3);

// The version of an entry is made without the operating system's name, so that every runner finds it.
const id = await saveCache([file], key, undefined, true);
process.exit(id === -1 ? 3 : 0);
