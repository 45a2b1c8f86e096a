import type { Task } from '../../demo/model/task.ts';

/** Files that are worth a compaction when all of them were read: about 60,000 tokens. */
export const largeFiles: Record<string, string> = Object.fromEntries(
  Array.from({ length: 10 }, (_, file) => [
    `src/part-${file}.ts`,
    Array.from(
      { length: 350 },
      (_, line) => `export const value_${file}_${line} = 'what part ${file} says on line ${line}';\n`,
    ).join(''),
  ]),
);

const paths = Object.keys(largeFiles);
const changed = (path: string, more: string) => ({ path, content: `${largeFiles[path]}${more}` });

/** A first task that reads everything, and two that need a little of it. */
export const largeTasks: Task[] = [
  {
    match: /read everything/,
    needs: paths,
    edits: [changed('src/part-0.ts', '// first\n')],
    run: [],
    answer: 'All parts are read.',
  },
  {
    match: /add a note/,
    needs: ['src/part-1.ts', 'src/part-2.ts'],
    edits: [changed('src/part-1.ts', '// second\n')],
    run: [],
    answer: 'The note is there.',
  },
  {
    match: /one more note/,
    needs: ['src/part-3.ts', 'src/part-4.ts'],
    edits: [changed('src/part-3.ts', '// third\n')],
    run: [],
    answer: 'One more note is there.',
  },
];
