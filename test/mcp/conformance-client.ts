// A client for the official conformance scenarios, which start it with the address of their server: it reaches that
// server through the proxy, lists the tools and calls each of them.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { dexterProgram, startProcess } from './everything.ts';

const url = process.argv.at(-1) ?? '';
const { transport } = startProcess(process.cwd(), [dexterProgram, 'mcp-cache', '--url', url]);
const client = new Client(
  { name: 'conformance-client', version: '1.0.0' },
  { capabilities: { elicitation: { form: { applyDefaults: true } } } },
);
client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: {} }));
await client.connect(transport);
const { tools } = await client.listTools();
for (const { name } of tools)
  await client.callTool({ name, arguments: name === 'add_numbers' ? { a: 5, b: 3 } : {} });
await client.close();
