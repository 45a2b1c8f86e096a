import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { workflowFiles } from './workflow-files.ts';

const reusable = (await workflowFiles()).find(({ path }) => path === '.github/workflows/dexter.yml');
const steps = Object.values(reusable?.workflow.jobs ?? {}).flatMap((job) => job.steps);

it('hands the key of an S3-compatible server to the next step as it is, and only where there is one', async () => {
  const step = steps.find(({ run = '' }) => run.includes('AWS_SECRET_ACCESS_KEY'));
  expect(step?.if).toBe("env.HAS_S3_KEY == 'true'");
  await using place = await temporaryDirectory();
  const file = join(place.path, 'env');
  await writeFile(file, 'BEFORE=1\n');
  const env = { PATH: process.env.PATH, GITHUB_ENV: file, KEY_ID: 'ID%s', KEY: 'a/$(touch x)+`b`"\\n=' };
  const { stdout } = await execa('bash', ['-e', '-c', step?.run ?? ''], {
    cwd: place.path,
    extendEnv: false,
    env,
  });
  expect(stdout).toBe('');
  expect(await readFile(file, 'utf8')).toBe(
    `BEFORE=1\nAWS_ACCESS_KEY_ID=${env.KEY_ID}\nAWS_SECRET_ACCESS_KEY=${env.KEY}\n`,
  );
});
