// Stands in for the Claude Code CLI where the real one cannot be made to misbehave. Reads what to do from the
// prompt, after `FAKE: `, as JSON: { lines: [...], raw, touch, until, seconds, exit, kill, ignoreInterrupt, child, unanswered }.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

if (process.argv[2] === '--version') {
  console.log('9.9.9 (Fake Claude)');
  process.exit();
}

const argument = (name) => process.argv[process.argv.indexOf(name) + 1];
const isResume = process.argv.includes('--resume');
const session_id = isResume ? argument('--resume') : argument('--session-id');
const prompt = await text(process.stdin);
const plans = [...prompt.matchAll(/^FAKE: (.*)$/gm)].map(([, json]) => JSON.parse(json));
const whens = [undefined, session_id, isResume ? 'resume' : 'fresh'];
const plan = plans.find(({ when }) => whens.includes(when)) ?? {};

const say = (line) => process.stdout.write(`${JSON.stringify({ session_id, ...line })}\n`);
if (plan.record) {
  writeFileSync(
    plan.record,
    JSON.stringify({ argv: process.argv.slice(2), env: process.env, cwd: process.cwd(), prompt }),
  );
}
if (plan.ignoreInterrupt) process.on('SIGINT', () => undefined);
if (plan.ignoreTerminate) process.on('SIGTERM', () => undefined);
if (plan.transcript !== false) {
  const file = join(process.env.CLAUDE_CONFIG_DIR, 'projects/work', `${session_id}.jsonl`);
  mkdirSync(dirname(file), { recursive: true });
  appendTurn(file, prompt);
}
if (plan.init !== false) {
  say({ type: 'system', subtype: 'init', model: 'claude-fake-1', claude_code_version: '9.9.9' });
}
for (const [path, content] of Object.entries(plan.write ?? {})) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
if (plan.child) {
  // Like a tool's shell: a session of its own, and stdout still open.
  const child = spawn('sleep', ['300'], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
  writeFileSync(plan.child, String(child.pid));
  child.unref();
}
for (const line of plan.lines ?? []) say(line);
if (plan.megabytes) {
  const block = JSON.stringify({ type: 'user', message: 'x'.repeat(1024 * 1024) });
  for (let count = 0; count < plan.megabytes; count += 1) process.stdout.write(`${block}\n`);
}
if (plan.raw) process.stdout.write(plan.raw);
if (plan.stderr) process.stderr.write(plan.stderr);
while (plan.until && !existsSync(plan.until)) await sleep(20);
if (plan.seconds) await sleep(plan.seconds * 1000);
if (plan.kill) process.kill(process.pid, plan.kill);
if (plan.result !== false) {
  say({
    type: 'result',
    subtype: 'success',
    is_error: false,
    result: 'Fake answer.',
    num_turns: 2,
    total_cost_usd: 9,
    permission_denials: [],
    model_usage_since_last_result: {
      'claude-fake-1': {
        inputTokens: 10,
        cacheReadInputTokens: 20,
        cacheCreationInputTokens: 30,
        outputTokens: 40,
        costUSD: 0.25,
        // No price list has this model.
        costBasis: 'managed',
      },
    },
    ...plan.result,
  });
}
process.exitCode = plan.exit ?? 0;

/** A question and its answer, chained to what the transcript ends with. */
function appendTurn(file, question) {
  const last = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) : undefined;
  let parentUuid = last === undefined ? null : JSON.parse(last).uuid;
  const answer = ['assistant', [{ type: 'text', text: 'Fake answer.' }]];
  for (const [role, content] of [['user', question], ...(plan.unanswered ? [] : [answer])]) {
    const uuid = randomUUID();
    const line = JSON.stringify({ parentUuid, type: role, message: { role, content }, uuid, session_id });
    writeFileSync(file, `${line}\n`, { flag: 'a' });
    parentUuid = uuid;
  }
}
