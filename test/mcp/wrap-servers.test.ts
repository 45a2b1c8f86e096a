import { describe, expect, it } from 'vitest';
import { wrapServers } from '../../src/mcp/wrap-servers.ts';

const program = ['/usr/bin/node', '/opt/dexter/cli.js'] as const;
const wrapOne = (entry: Record<string, unknown>, more = {}) =>
  wrapServers({ mcpServers: { jira: entry } }, { program, ...more });

describe('putting the proxy in front of servers', () => {
  it('starts the same command behind it, with the same environment and all else', () => {
    const entry = {
      type: 'stdio',
      command: 'npx',
      args: ['-y', 'some-server', '--', '--url=x'],
      env: { TOKEN: 'secret' },
      timeout: 5,
    };
    expect(
      wrapOne(entry, {
        primeFile: '/tmp/p.json',
        statsFileOf: (name: string) => `/tmp/${name}.json`,
        ttl: '5m',
      }),
    ).toEqual({
      config: {
        mcpServers: {
          jira: {
            type: 'stdio',
            command: '/usr/bin/node',
            args: [
              '/opt/dexter/cli.js',
              'mcp-cache',
              '--name=jira',
              '--ttl=5m',
              '--prime=/tmp/p.json',
              '--stats-file=/tmp/jira.json',
              '--',
              'npx',
              '-y',
              'some-server',
              '--',
              '--url=x',
            ],
            env: { TOKEN: 'secret' },
            timeout: 5,
          },
        },
      },
      wrapped: ['jira'],
      left: [],
    });
  });

  it('passes the address and the headers of a remote server by the environment', () => {
    const { config } = wrapOne({
      type: 'http',
      url: 'https://mcp.example.com/?key=k3y',
      headers: { Authorization: 'Bearer t0ken', 'X-Site': 'a' },
      alwaysLoad: true,
    });
    expect(config.mcpServers.jira).toEqual({
      command: '/usr/bin/node',
      args: [
        '/opt/dexter/cli.js',
        'mcp-cache',
        '--name=jira',
        '--header-from=Authorization=DEXTER_MCP_HEADER_1',
        '--header-from=X-Site=DEXTER_MCP_HEADER_2',
      ],
      env: {
        DEXTER_MCP_URL: 'https://mcp.example.com/?key=k3y',
        DEXTER_MCP_HEADER_1: 'Bearer t0ken',
        DEXTER_MCP_HEADER_2: 'a',
      },
      alwaysLoad: true,
    });
    expect(JSON.stringify(config.mcpServers.jira?.args)).not.toMatch(/t0ken|k3y/);
  });

  it.each([
    [{ type: 'sse', url: 'https://mcp.example.com' }],
    [{ type: 'ws', url: 'wss://mcp.example.com' }],
    [{ type: 'sdk', name: 'x' }],
    [{ type: 'http', url: 'https://mcp.example.com', headersHelper: './headers.sh' }],
    [{ type: 'http', url: 'https://mcp.example.com', oauth: { clientId: 'x' } }],
    [{ url: 'https://mcp.example.com' }],
    [{ command: '' }],
    [{ command: 'x', args: [1] }],
    [{}],
  ])('leaves %j as it is', (entry) => {
    expect(wrapOne(entry)).toEqual({ config: { mcpServers: { jira: entry } }, wrapped: [], left: ['jira'] });
  });

  it('hands over what is known of the tools, whatever they are called', () => {
    const { config } = wrapOne(
      { command: 'x' },
      { rulesOf: () => ({ readOnly: ['get', '--write'], write: ['set'], never: ['now'] }) },
    );
    expect(config.mcpServers.jira?.args).toEqual([
      '/opt/dexter/cli.js',
      'mcp-cache',
      '--name=jira',
      '--read-only=get',
      '--read-only=--write',
      '--write=set',
      '--never=now',
      '--',
      'x',
    ]);
  });

  it('keeps the other members of the configuration, and does not change what it was given', () => {
    const given = { mcpServers: { a: { command: 'x' }, b: { type: 'sse' } }, more: 1 };
    const before = structuredClone(given);
    const { config, wrapped, left } = wrapServers(given, { program });
    expect([config.more, wrapped, left]).toEqual([1, ['a'], ['b']]);
    expect(given).toEqual(before);
  });
});
