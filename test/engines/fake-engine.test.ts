import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { engineContract, engineInstructions } from '../contracts/engine.ts';
import { type FakeEngineOptions, type FakeTurn, fakeEngine } from '../fakes/fake-engine.ts';

const { denied, goOn, wait, write } = engineInstructions;

engineContract('the fake engine', async (path) => {
  const faults: NonNullable<FakeEngineOptions['faults']> = [];
  const turns: Record<string, FakeTurn[]> = {
    [write]: [
      { text: 'I look.', tool: 'Read' },
      {
        text: 'I write.',
        tool: 'Write',
        async does() {
          await mkdir(path('work/new'));
          await writeFile(path('work/new/b.txt'), 'b\n');
        },
      },
      { text: 'Written.' },
    ],
    [goOn]: [{ text: 'Gone on.' }],
    [denied]: [{ text: 'I try.', tool: 'Bash', isDenied: true }, { text: 'Bash was denied.' }],
    [wait]: [
      {
        text: 'I wait.',
        tool: 'Bash',
        async does(signal) {
          await writeFile(path('work/waits'), '');
          if (!signal.aborted) await once(signal, 'abort');
        },
      },
    ],
  };
  const engine = fakeEngine({
    faults,
    turns: ({ prompt }) =>
      Object.entries(turns).find(([instruction]) => prompt.includes(instruction))?.[1] ?? [],
  });
  return { engine, next: (fault) => void faults.push(fault), isWaiting: engine.isWaiting };
});
