import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const dist = join(import.meta.dirname, '../../action/dist');

/** Something that only the package has in it, by package. */
const heavy = {
  '@aws-sdk/client-s3': 'ListObjectsV2Command',
  '@azure/storage-blob': 'BlockBlobClient',
  '@actions/cache': 'GetCacheEntryDownloadURL',
  octokit: 'GET /repos/{owner}/{repo}/codespaces',
  undici: 'UND_ERR_CONNECT_TIMEOUT',
  'jira.js': 'customFieldOption',
  secretlint: '@secretlint/secretlint-rule',
  micromark: 'characterEscape',
  '@modelcontextprotocol/sdk': 'notifications/initialized',
};

it.each(['main', 'post'])('the step %s loads no SDK before it is used', async (step) => {
  await using directory = await temporaryDirectory();
  const hooks = `import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) {
  if (url.startsWith('file:')) console.log('loaded', url);
  return next(url, context);
} });`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(hooks)}`, join(dist, `${step}.js`)];
  const options = { cwd: directory.path, env: { PATH: '' }, extendEnv: false, reject: false } as const;
  const { stdout } = await execa(process.execPath, args, options);
  const loaded = [...stdout.matchAll(/^loaded (.*)$/gm)].map(([, url = '']) => new URL(url));
  expect(loaded.map(({ href }) => href)).toContain(pathToFileURL(join(dist, `${step}.js`)).href);

  const texts = await Promise.all(loaded.map((url) => readFile(url, 'utf8')));
  const found = Object.entries(heavy).filter(([, mark]) => texts.some((text) => text.includes(mark)));
  expect(found.map(([name]) => name)).toEqual([]);
  // 620 kB when this was written; it was 1,770 kB with the SDKs.
  expect(texts.reduce((bytes, text) => bytes + text.length, 0)).toBeLessThan(800_000);
});

it('the bundle has them, so that their absence says something', async () => {
  const { stdout } = await execa('grep', ['-rhoFf', '-', dist], { input: Object.values(heavy).join('\n') });
  expect(new Set(stdout.split('\n'))).toEqual(new Set(Object.values(heavy)));
});
