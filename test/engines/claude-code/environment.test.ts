import { describe, expect, it } from 'vitest';
import { cliEnvironment } from '../../../src/engines/claude-code/environment.ts';

const options = {
  homeDirectory: '/s/home',
  temporaryDirectory: '/s/tmp',
  configDirectory: '/s/config',
  projectFolder: 'work',
};

describe('cliEnvironment', () => {
  it('takes from the runner what is on the list, and nothing else', () => {
    const kept = { PATH: '/bin', LANG: 'C', TERM: 'dumb', TZ: 'UTC' };
    const dropped = Object.fromEntries(
      [
        'GITHUB_TOKEN',
        'GITHUB_ENV',
        'GH_TOKEN',
        'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
        'ACTIONS_ID_TOKEN_REQUEST_URL',
        'ACTIONS_RUNTIME_TOKEN',
        'INPUT_ANTHROPIC-API-KEY',
        'DEXTER_RUN_TOKEN',
        'RUNNER_TEMP',
        'STATE_run',
        'ANTHROPIC_API_KEY',
        'ANTHROPIC_AUTH_TOKEN',
        'AWS_SECRET_ACCESS_KEY',
        'NODE_OPTIONS',
        'LD_PRELOAD',
        'CLAUDE_CONFIG_DIR',
        'HOME',
        'TMPDIR',
        'NPM_TOKEN',
        'SSH_AUTH_SOCK',
      ].map((name) => [name, 'canary']),
    );
    const made = cliEnvironment({ ...options, env: { ...kept, ...dropped } });
    expect(made).toMatchObject({
      ...kept,
      HOME: '/s/home',
      TMPDIR: '/s/tmp',
      CLAUDE_CONFIG_DIR: '/s/config',
    });
    expect(Object.values(made)).not.toContain('canary');
  });

  it('gives address and key only when there are any', () => {
    const without = cliEnvironment({ ...options, env: {} });
    expect(Object.keys(without).filter((name) => name.startsWith('ANTHROPIC'))).toEqual([]);
    expect(cliEnvironment({ ...options, env: {}, baseUrl: 'http://127.0.0.1:1', apiKey: 'k' })).toMatchObject(
      {
        ANTHROPIC_BASE_URL: 'http://127.0.0.1:1',
        ANTHROPIC_API_KEY: 'k',
      },
    );
  });

  it('reaches loopback past a proxy', () => {
    const made = cliEnvironment({ ...options, env: { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '.corp' } });
    expect(made).toMatchObject({ HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '.corp,127.0.0.1,localhost' });
    expect(made.no_proxy).toBe(made.NO_PROXY);
    expect(cliEnvironment({ ...options, env: {} })).not.toHaveProperty('NO_PROXY');
  });
});
