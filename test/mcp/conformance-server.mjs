// The server that the official conformance scenarios expect, on standard input and output. All of its tools say that
// they are read-only, so that the proxy takes every call into its own hands. Plain JavaScript, by hand: nothing in it
// is the SDK's, which is what the other end uses.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=';

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const notify = (method, params) => send({ method, params });
const text = (said) => ({ type: 'text', text: said });
const image = { type: 'image', data: png, mimeType: 'image/png' };

const asked = new Map();
let lastId = 0;
function request(method, params) {
  lastId += 1;
  const id = `server-${lastId}`;
  send({ id, method, params });
  return new Promise((resolve) => asked.set(id, resolve));
}

async function elicit(message, properties, required = []) {
  const requestedSchema = { type: 'object', properties, required };
  const { action, content } = await request('elicitation/create', { message, requestedSchema });
  return { action, content: JSON.stringify(content ?? {}) };
}

const options = (...names) => names.map(([constant, title]) => ({ const: constant, title }));

const tools = {
  test_simple_text: () => [text('This is a simple text response for testing.')],
  test_image_content: () => [image],
  test_audio_content: () => [{ type: 'audio', data: wav, mimeType: 'audio/wav' }],
  test_embedded_resource: () => [
    {
      type: 'resource',
      resource: {
        uri: 'test://embedded-resource',
        mimeType: 'text/plain',
        text: 'This is an embedded resource content.',
      },
    },
  ],
  test_multiple_content_types: () => [
    text('Multiple content types test:'),
    image,
    {
      type: 'resource',
      resource: {
        uri: 'test://mixed-content-resource',
        mimeType: 'application/json',
        text: '{"test":"data","value":123}',
      },
    },
  ],
  async test_tool_with_logging() {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      notify('notifications/message', { level: 'info', data });
      await sleep(50);
    }
    return [text('Logged.')];
  },
  test_error_handling() {
    throw new Error('This tool intentionally returns an error for testing');
  },
  async test_tool_with_progress(_args, { progressToken } = {}) {
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined)
        notify('notifications/progress', { progressToken, progress, total: 100 });
      await sleep(50);
    }
    return [text('Progressed.')];
  },
  async test_sampling({ prompt }) {
    const messages = [{ role: 'user', content: text(prompt) }];
    const { content } = await request('sampling/createMessage', { messages, maxTokens: 100 });
    return [text(`LLM response: ${content.text}`)];
  },
  async test_elicitation({ message }) {
    const properties = {
      username: { type: 'string', description: "User's response" },
      email: { type: 'string', description: "User's email address" },
    };
    const { action, content } = await elicit(message, properties, ['username', 'email']);
    return [text(`User response: action=${action}, content=${content}`)];
  },
  async test_elicitation_sep1034_defaults() {
    const { action, content } = await elicit('Please take the defaults', {
      name: { type: 'string', default: 'John Doe' },
      age: { type: 'integer', default: 30 },
      score: { type: 'number', default: 95.5 },
      status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
      verified: { type: 'boolean', default: true },
    });
    return [text(`Elicitation completed: action=${action}, content=${content}`)];
  },
  async test_elicitation_sep1330_enums() {
    const plain = { type: 'string', enum: ['option1', 'option2', 'option3'] };
    const { action, content } = await elicit('Please choose', {
      untitledSingle: plain,
      titledSingle: {
        type: 'string',
        oneOf: options(['value1', 'First Option'], ['value2', 'Second Option'], ['value3', 'Third Option']),
      },
      legacyEnum: {
        type: 'string',
        enum: ['opt1', 'opt2', 'opt3'],
        enumNames: ['Option One', 'Option Two', 'Option Three'],
      },
      untitledMulti: { type: 'array', items: plain },
      titledMulti: {
        type: 'array',
        items: {
          anyOf: options(['value1', 'First Choice'], ['value2', 'Second Choice'], ['value3', 'Third Choice']),
        },
      },
    });
    return [text(`Elicitation completed: action=${action}, content=${content}`)];
  },
  json_schema_2020_12_tool: () => [text('Checked.')],
};

const schemas = {
  json_schema_2020_12_tool: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
      address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } },
    },
    properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
    additionalProperties: false,
  },
  test_sampling: { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] },
  test_elicitation: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
};

const say = (content, role = 'user') => ({ role, content });
const prompts = {
  test_simple_prompt: () => [say(text('This is a simple prompt for testing.'))],
  test_prompt_with_arguments: ({ arg1, arg2 }) => [
    say(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  ],
  test_prompt_with_embedded_resource: ({ resourceUri: uri }) => [
    say({
      type: 'resource',
      resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
    }),
    say(text('Please process the embedded resource above.')),
  ],
  test_prompt_with_image: () => [say(image), say(text('Please analyze the image above.'))],
};
const promptArguments = {
  test_prompt_with_arguments: ['arg1', 'arg2'],
  test_prompt_with_embedded_resource: ['resourceUri'],
};

function resource(uri) {
  const plain = { uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' };
  if (uri === 'test://static-text' || uri === 'test://watched-resource') return plain;
  if (uri === 'test://static-binary') return { uri, mimeType: 'image/png', blob: png };
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id === undefined) throw Object.assign(new Error('Resource not found'), { code: -32002 });
  const data = { id, templateTest: true, data: `Data for ID: ${id}` };
  return { uri, mimeType: 'application/json', text: JSON.stringify(data) };
}

const methods = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: {
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
      completions: {},
    },
    serverInfo: { name: 'conformance-fixture', version: '1.0.0' },
  }),
  ping: () => ({}),
  'logging/setLevel': () => ({}),
  'tools/list': () => ({
    tools: Object.keys(tools).map((name) => ({
      name,
      description: `The tool ${name}`,
      inputSchema: schemas[name] ?? { type: 'object', properties: {} },
      annotations: { readOnlyHint: true },
    })),
  }),
  async 'tools/call'({ name, arguments: args = {}, _meta }) {
    try {
      return { content: await tools[name](args, _meta) };
    } catch (error) {
      return { isError: true, content: [text(error.message)] };
    }
  },
  'resources/list': () => ({
    resources: ['test://static-text', 'test://static-binary', 'test://watched-resource'].map((uri) => ({
      uri,
      name: uri.slice(7),
      description: `The resource ${uri}`,
      mimeType: resource(uri).mimeType,
    })),
  }),
  'resources/templates/list': () => ({
    resourceTemplates: [
      { uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' },
    ],
  }),
  'resources/read': ({ uri }) => ({ contents: [resource(uri)] }),
  'resources/subscribe': () => ({}),
  'resources/unsubscribe': () => ({}),
  'prompts/list': () => ({
    prompts: Object.keys(prompts).map((name) => ({
      name,
      description: `The prompt ${name}`,
      arguments: (promptArguments[name] ?? []).map((argument) => ({ name: argument, required: true })),
    })),
  }),
  'prompts/get': ({ name, arguments: args = {} }) => ({ messages: prompts[name](args) }),
  'completion/complete': () => ({ completion: { values: ['paris', 'park'], total: 2, hasMore: false } }),
};

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, method, params = {}, result } = JSON.parse(line);
  if (method === undefined) {
    asked.get(id)?.(result ?? {});
    asked.delete(id);
    return;
  }
  if (id === undefined) return;
  try {
    if (methods[method] === undefined) throw Object.assign(new Error('Method not found'), { code: -32601 });
    send({ id, result: await methods[method](params) });
  } catch (error) {
    send({ id, error: { code: error.code ?? -32603, message: error.message } });
  }
});
