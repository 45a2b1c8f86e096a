import { expect, it } from 'vitest';
import { renderPrompt } from '../../src/context/prompt.ts';
import { promptLayers } from '../../src/context/prompt-layers.ts';
import { IssueKey } from '../../src/core/issue-key.ts';
import type { Job } from '../../src/core/job.ts';
import { packText } from '../../src/core/packed-text.ts';

const issueKey = IssueKey.parse('SHOP-42');

function jobOf(mode: Job['session']['mode'], context = 'claim:'): Job {
  return {
    commandId: '11111111-1111-4111-8111-111111111111',
    issueKey,
    instruction: 'add tests',
    context,
    session: { installationId: 1, repositoryId: 1, mode, generation: 1 },
    target: { branch: 'b', base: '', title: '', ticketUrl: '', requestedBy: '' },
    appUrl: '',
  };
}

const kept = {
  text: 'the whole ticket',
  delta: { from: 'x', markdown: 'a new comment', isRewritten: false, isWhole: true },
};

const session = (mode: 'fresh' | 'resume') => ({
  session: {
    id: '11111111-1111-4111-8111-111111111111',
    mode,
    generation: 2,
    bytes: 1,
    contextTokens: 1,
    engineVersion: '',
    model: null,
    resumption: {
      choice: 'warm' as const,
      reason: '',
      expectedUsd: { warm: null, compacted: null, fresh: null },
      expectedCacheRead: 18_000,
    },
  },
});

it('has the rules and the whole ticket for a new conversation, each of which the prompt holds', () => {
  const layers = promptLayers({ job: jobOf('fresh'), context: kept, report: null });
  expect(layers.map(({ name }) => name)).toEqual(['role', 'context', 'instruction']);
  const prompt = renderPrompt({
    issueKey,
    mode: 'fresh',
    context: { kind: 'all', markdown: kept.text },
    instruction: 'add tests',
    notices: [],
  });
  for (const { text } of layers) expect(prompt).toContain(text);
});

it('has the news alone for one that goes on, after all that it knows', () => {
  expect(promptLayers({ job: jobOf('resume'), context: kept, report: session('resume') })).toEqual([
    { name: 'conversation', text: null, tokens: 18_000 },
    { name: 'news', text: 'a new comment', tokens: 4 },
    { name: 'instruction', text: 'add tests', tokens: 3 },
  ]);
});

it('goes by what the run did, not by what it was meant to do', () => {
  const layers = promptLayers({ job: jobOf('resume'), context: kept, report: session('fresh') });
  expect(layers.map(({ name, text }) => [name, name === 'role' || text])).toEqual([
    ['role', true],
    ['context', 'the whole ticket'],
    ['instruction', 'add tests'],
  ]);
});

it('unpacks what went by the inputs where nothing was kept', () => {
  const long = 'ticket '.repeat(5_000);
  const packed = packText(long, { characters: 2_000, bytes: 2_000 });
  const layers = promptLayers({ job: jobOf('fresh', packed), context: null, report: null });
  expect(layers[1]).toMatchObject({ name: 'context', text: long.trim() });
});

it('is empty for a run that forgets', () => {
  expect(promptLayers({ job: jobOf('forget'), context: null, report: null })).toEqual([]);
});
