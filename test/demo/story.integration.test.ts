import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { validateAdf } from '../../demo/jira/validate-adf.ts';
import type { Task } from '../../demo/model/task.ts';
import { instructions, tasks } from '../../demo/story/solution.ts';
import { story } from '../../demo/story/ticket.ts';
import { planInstruction } from '../../src/commands/plan-instruction.ts';

const source = fileURLToPath(new URL('../../demo/repository', import.meta.url));
let copy: string;

beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), 'dexter-test-story-'));
  await cp(source, copy, { recursive: true });
});

afterEach(async () => {
  await rm(copy, { recursive: true, force: true });
});

/** Runs the tests of the copy as `npm test` does, on the Node that runs this test. */
async function runTests() {
  return execa(process.execPath, ['--test'], {
    cwd: copy,
    reject: false,
    extendEnv: false,
    env: { PATH: process.env.PATH ?? '' },
  });
}

async function apply(task: Task, only: (path: string) => boolean = () => true) {
  for (const { path, content } of task.edits.filter((edit) => only(edit.path))) {
    await mkdir(dirname(join(copy, path)), { recursive: true });
    await writeFile(join(copy, path), content);
  }
}

function taskFor(instruction: string): Task {
  const task = tasks.find((candidate) => candidate.match.test(instruction));
  if (!task) throw new Error(`no task for: ${instruction}`);
  return task;
}

const passed = (output: string) => Number(/^\S* ?pass (\d+)$/m.exec(output)?.[1]);

describe('the repository of the demo', () => {
  it('passes its own tests', async () => {
    const { exitCode, stdout } = await runTests();
    expect(exitCode, stdout).toBe(0);
    expect(passed(stdout)).toBe(11);
  });

  it('prints a receipt', async () => {
    const { stdout } = await execa(process.execPath, ['src/main.ts'], { cwd: copy });
    expect(stdout).toContain('Total                             €34.87');
  });
});

describe('the solution', () => {
  it('has another task for each command of the story', () => {
    expect(taskFor(planInstruction(''))).toBe(tasks[0]);
    expect(taskFor(instructions.onTicket)).toBe(tasks[1]);
    expect(taskFor(instructions.onPullRequest)).toBe(tasks[2]);
  });

  it('works: the tests pass after the first command, and more of them after the second', async () => {
    const counts: number[] = [];
    for (const task of [taskFor(instructions.onTicket), taskFor(instructions.onPullRequest)]) {
      for (const path of task.needs)
        expect((await readFile(join(copy, path), 'utf8')).length).toBeGreaterThan(0);
      await apply(task);
      const { exitCode, stdout } = await runTests();
      expect(exitCode, stdout).toBe(0);
      counts.push(passed(stdout));
    }
    expect(counts).toEqual([12, 24]);
  });

  it('brings the total that the ticket asks for', async () => {
    await apply(taskFor(instructions.onTicket));
    const main = await readFile(join(copy, 'src/main.ts'), 'utf8');
    await writeFile(
      join(copy, 'src/main.ts'),
      main.replace("cart.enter('welcome5');", "cart.enter('summer10');\ncart.enter('welcome5');"),
    );
    const { stdout } = await execa(process.execPath, ['src/main.ts'], { cwd: copy });
    const example = JSON.stringify(story.issues[0]?.description);
    for (const line of [
      'Coupon WELCOME5                   -€5.00',
      'Coupon SUMMER10                   -€3.00',
      'Total                             €31.87',
    ]) {
      expect(stdout).toContain(line);
      expect(example).toContain(line);
    }
  });

  it('has tests that fail without its code', async () => {
    for (const task of tasks) await apply(task, (path) => path.startsWith('test/'));
    const { exitCode } = await runTests();
    expect(exitCode).not.toBe(0);
  });

  it('changes what the repository has, and nothing outside of it', () => {
    for (const { path } of tasks.flatMap((task) => task.edits))
      expect(path).toMatch(/^(src|test)\/[a-z.]+\.ts$/);
  });
});

describe('the ticket', () => {
  it('is made of documents that JIRA accepts', () => {
    for (const issue of story.issues) {
      for (const body of [issue.description, ...(issue.comments ?? []).map((comment) => comment.body)]) {
        expect(validateAdf(body)).toMatchObject({ outcome: 'valid' });
      }
    }
  });
});
