import { expect, it } from 'vitest';
import { waitingMarkdown } from '../../src/report/waiting.ts';

const url = 'https://github.com/acme/shop/actions/runs/77';

it('says which labels a run waits for, and where to look', () => {
  expect(waitingMarkdown({ what: 'runner', labels: ['self-hosted', 'dexter'] }, url)).toBe(
    '⚠️ No runner has taken it yet. [The run](https://github.com/acme/shop/actions/runs/77) waits for a runner with the labels `self-hosted`, `dexter`: see that one is online and free (Settings → Actions → Runners), and that `runs-on` of the workflow names the labels that it has. Dexter goes on as soon as it begins.',
  );
});

it('says what else may hold it', () => {
  expect(waitingMarkdown({ what: 'approval' }, url)).toContain('until somebody approves it');
  expect(waitingMarkdown({ what: 'other-run' }, url)).toContain('another run of its `concurrency` group');
  expect(waitingMarkdown(undefined, url)).toBe('');
});

it('names no labels where GitHub tells none', () => {
  expect(waitingMarkdown({ what: 'runner', labels: [] }, url)).toContain(
    'waits for a runner: see that one is online',
  );
});

it('shows labels as text only, and no address that could end its link', () => {
  const labels = ['`@maria` <img>', 'x'.repeat(5_000)];
  const text = waitingMarkdown({ what: 'runner', labels }, 'https://x.example/) [evil](https://y.example');
  expect(text).toContain('`` `@maria` <img> ``');
  expect(text).not.toContain('evil');
  expect(text.length).toBeLessThan(1_000);
});
