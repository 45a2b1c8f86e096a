import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { environmentDocs, parseConfig } from '../../src/config.ts';
import { newMasterKey } from '../../src/core/session-key.ts';
import { environmentOf, readStages, root } from './dockerfile.ts';

const Service = z.strictObject({
  image: z.string().regex(/^(?:dexter:local|[a-z]+:\d+\.\d+(?:\.\d+)?-bookworm)$/, 'a tag of a full version'),
  build: z.literal('.').optional(),
  user: z.string().optional(),
  init: z.boolean().optional(),
  restart: z.literal('unless-stopped'),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })).optional(),
  env_file: z.literal('.env').optional(),
  environment: z.record(z.string(), z.string()),
  command: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  networks: z.array(z.string()),
  volumes: z.array(z.string()).optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  shm_size: z.string().optional(),
  stop_grace_period: z.string().optional(),
  healthcheck: z
    .strictObject({
      test: z.array(z.string()),
      interval: z.string(),
      timeout: z.string(),
      retries: z.number(),
      start_period: z.string().optional(),
    })
    .optional(),
});

const Compose = z.strictObject({
  name: z.string(),
  services: z.strictObject({ dexter: Service, postgres: Service, redis: Service }),
  networks: z.record(z.string(), z.strictObject({ internal: z.boolean() }).nullable()),
  volumes: z.record(z.string(), z.null()),
});

const text = await readFile(join(root, 'compose.yaml'), 'utf8');
const compose = Compose.parse(parseYaml(text));
const { dexter, postgres, redis } = compose.services;
const example = await readFile(join(root, '.env.example'), 'utf8');
const image = environmentOf((await readStages()).at(-1));

/** What compose itself puts in: the variables of `.env`. */
const interpolate = (value: string, variables: Record<string, string>) =>
  value.replaceAll(/\$\{(\w+):\?[^}]+\}/g, (_, name: string) => variables[name] ?? '');

const known = [...environmentDocs.map(({ name }) => name), 'PRIVATE_KEY_PATH'];
const ofCompose = ['POSTGRES_PASSWORD', 'REDIS_PASSWORD'];
/** Names that the example of dexter.yml gives. */
const ofJira = ['JIRA_TOKEN', 'JIRA_WEBHOOK_SECRET'];

/** The example as somebody has filled it in. */
const filledIn = {
  ...parseEnv(example),
  APP_ID: '1',
  PRIVATE_KEY: '-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----',
  WEBHOOK_SECRET: '0123456789abcdef',
  DEXTER_SESSION_KEY: newMasterKey(),
  POSTGRES_PASSWORD: 'p0stgres',
  REDIS_PASSWORD: 'r3dis',
};

describe('compose.yaml', () => {
  it('gives the app a configuration that it takes, and only variables that it reads', () => {
    for (const name of [...Object.keys(dexter.environment), ...Object.keys(image)])
      expect(['NODE_ENV', ...known]).toContain(name);
    const set = Object.fromEntries(
      Object.entries(dexter.environment).map(([name, value]) => [name, interpolate(value, filledIn)]),
    );
    const config = parseConfig({ ...image, ...filledIn, ...set }, undefined);
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 3000,
      dataDirectory: '/data',
      url: 'https://dexter.example.com',
      databaseUrl: 'postgres://dexter:p0stgres@postgres:5432/dexter',
      context: { redisUrl: 'redis://:r3dis@redis:6379' },
    });
  });

  it('needs only variables that .env.example has', () => {
    const named = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    expect([...new Set(named)].toSorted()).toEqual(ofCompose);
    for (const name of ofCompose) expect(Object.keys(parseEnv(example))).toContain(name);
  });

  it('publishes the port of the app to this machine alone, and nothing else', () => {
    expect(dexter.ports).toEqual([`127.0.0.1:3000:${image.PORT}`]);
    expect([postgres.ports, redis.ports]).toEqual([undefined, undefined]);
    expect([postgres.networks, redis.networks]).toEqual([['inside'], ['inside']]);
    expect(compose.networks).toEqual({ outside: null, inside: { internal: true } });
  });

  it('waits for servers that are healthy, and takes the health of the app from its image', () => {
    expect(Object.keys(dexter.depends_on ?? {})).toEqual(['postgres', 'redis']);
    expect(postgres.healthcheck?.test[1]).toBe('pg_isready');
    expect(redis.healthcheck?.test.slice(1)).toEqual(['redis-cli', 'ping']);
    expect(dexter.healthcheck).toBeUndefined();
  });

  it('leaves the app nothing to write to but its volume, and no right that it does not need', () => {
    expect(dexter).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      volumes: [`data:${image.DEXTER_DATA}`],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
  });

  it('keeps the volumes of what has to be kept', () => {
    expect(Object.keys(compose.volumes)).toEqual(['data', 'postgres']);
    expect(postgres.volumes).toEqual(['postgres:/var/lib/postgresql/data']);
  });

  it('waits longer for the end of the app than the app takes', () => {
    const { stop } = parseConfig(filledIn, undefined);
    expect(Number.parseInt(dexter.stop_grace_period ?? '', 10)).toBeGreaterThan(stop.withinSeconds);
  });

  it('shows no secret in the arguments of a process', () => {
    for (const { command = [], healthcheck } of [dexter, postgres, redis])
      expect([...command, ...(healthcheck?.test ?? [])].join(' ')).not.toContain('${');
    expect(redis.command?.at(-1)).toContain('"$$REDIS_PASSWORD" > /tmp/redis.conf');
  });
});

describe('.env.example', () => {
  const named = [...example.matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=/gm)].map(([, name = '']) => name);

  it('names only what the app, compose.yaml or the example of dexter.yml read, each once', () => {
    for (const name of named) expect([...known, ...ofCompose, ...ofJira]).toContain(name);
    expect(new Set(named).size).toBe(named.length);
  });

  it('names all that is required, and is complete once that is filled in', () => {
    const required = environmentDocs.filter((one) => one.required).map(({ name }) => name);
    expect(named).toEqual(expect.arrayContaining(required));
    expect(parseConfig({ ...filledIn, DATABASE_URL: 'postgres://db.example/dexter' }, undefined).url).toBe(
      'https://dexter.example.com',
    );
  });

  it('holds no secret', () => {
    for (const [name, value] of Object.entries(parseEnv(example)))
      if (name !== 'DEXTER_URL') expect([name, value]).toEqual([name, '']);
  });

  it.each(['DEXTER_STOP_SECONDS', 'LOG_LEVEL'])('shows the default of %s', (name) => {
    const shown = new RegExp(`^# ${name}=(.*)$`, 'm').exec(example)?.[1];
    expect(environmentDocs.find((one) => one.name === name)?.default).toBe(`\`${shown}\``);
  });
});

it('docs/deploy.md waits longer for a stop than it takes, and longer than the delay that it sets', async () => {
  const page = await readFile(join(root, 'docs/deploy.md'), 'utf8');
  const number = (pattern: RegExp) => Number(pattern.exec(page)?.[1]);
  const { withinSeconds } = parseConfig(filledIn, undefined).stop;
  expect(number(/^TimeoutStopSec=(\d+)$/m)).toBeGreaterThan(withinSeconds);
  expect(number(/terminationGracePeriodSeconds: (\d+)/)).toBeGreaterThan(withinSeconds);
  expect(number(/DEXTER_STOP_DELAY_SECONDS, value: '(\d+)'/)).toBeLessThan(withinSeconds);
  expect(number(/`DEXTER_STOP_SECONDS` \((\d+)\)/)).toBe(withinSeconds);
});
