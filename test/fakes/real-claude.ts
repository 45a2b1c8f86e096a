import { delimiter, dirname, join } from 'node:path';

/** The pinned CLI. It starts `node` for tools, which has to be the one that runs the tests. */
export const realClaude = join(import.meta.dirname, '../../node_modules/.bin/claude');

export const pathForTools = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter);
