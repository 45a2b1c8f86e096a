// A small MCP server for tests of the proxy: it does as its calls say, and writes down what it was asked in the file
// that CALLS names. Plain JavaScript, so that it starts quickly.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const calls = process.env.CALLS;
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const note = (line) => calls && appendFileSync(calls, `${line}\n`);
const text = (said) => ({ content: [{ type: 'text', text: said }] });
const held = new Map();
let count = 0;

const tools = [
  { name: 'read', annotations: { readOnlyHint: true } },
  { name: 'env', annotations: { readOnlyHint: true } },
  { name: 'write', annotations: { readOnlyHint: false } },
  ...(process.env.TOOLS ?? '').split(',').flatMap((name) => (name ? [{ name }] : [])),
].map((tool) => ({ ...tool, inputSchema: { type: 'object' } }));

function call(id, { name, arguments: args = {}, _meta = {} }) {
  count += 1;
  note(`${name} ${JSON.stringify(args)}`);
  if (args.crash) process.exit(7);
  if (args.garbage) process.stdout.write('this is no message\n[1, 2\n\n');
  if (args.large) return send({ id, result: text('x'.repeat(args.large)) });
  if (args.fail) return send({ id, error: { code: -32050, message: 'as asked', data: { count } } });
  if (args.isError) return send({ id, result: { ...text(`failed ${count}`), isError: true } });
  if (args.hold) {
    held.set(id, args.hold);
    if (_meta.progressToken !== undefined) {
      send({ method: 'notifications/progress', params: { progressToken: _meta.progressToken, progress: 1 } });
    }
    return undefined;
  }
  if (args.release) {
    for (const [waiting, word] of held) {
      if (word !== args.release) continue;
      held.delete(waiting);
      send({ id: waiting, result: text(`released ${count}`) });
    }
  }
  if (name === 'env') return send({ id, result: text(process.env[args.name] ?? '') });
  return send({ id, result: text(`answer ${count}`) });
}

if (process.env.CHILD_PID_FILE) {
  // What a careless server leaves running: it ignores the end of everything but a signal that cannot be ignored.
  const child = spawn(
    process.execPath,
    ['-e', "process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); setTimeout(() => {}, 60_000)"],
    { stdio: 'ignore' },
  );
  appendFileSync(process.env.CHILD_PID_FILE, `${process.pid} ${child.pid}`);
}
if (process.env.STUBBORN) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => note(signal));
  setTimeout(() => undefined, 60_000);
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === 'initialize') {
    const { protocolVersion } = params;
    const serverInfo = { name: 'fixture', version: '1' };
    send({ id, result: { protocolVersion, capabilities: { tools: {} }, serverInfo } });
  } else if (method === 'tools/list') {
    note('tools/list');
    send({ id, result: { tools } });
  } else if (method === 'tools/call') call(id, params);
  else if (method === 'notifications/cancelled') {
    note(`cancelled ${held.has(params.requestId)}`);
    held.delete(params.requestId);
  } else if (id !== undefined && method !== undefined) {
    send({ id, error: { code: -32601, message: 'Method not found' } });
  }
});
