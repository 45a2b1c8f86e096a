import { constants } from 'node:os';
import { serve } from '@hono/node-server';
import { run } from 'probot';
import { createApp } from './app.ts';
import { type AppConfig, credentialNames, type Environment, missingCredentials } from './config.ts';
import { AppError } from './core/errors.ts';
import { pickVariables, proxyVariables, storeVariables } from './core/variables.ts';
import { configSecrets } from './logging/config-secrets.ts';
import { createLog } from './logging/create-log.ts';
import { installPage, list, loadEnvFile, readConfig } from './read-config.ts';
import { stop } from './stop.ts';
import { webhookPath } from './webhooks/github-routes.ts';

/** Headers must be there within this time; a body may take as long as GitHub waits and a little more. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;

/** Longer than load balancers keep an idle connection (60 s is usual), so that they never reuse a closed one. */
const keepAliveTimeoutMs = 65_000;

/** What of the app's environment a local run may see: never the app's own secrets. */
const machineVariables = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  ...proxyVariables,
  ...storeVariables,
];

/**
 * Starts the app; with none of its credentials it offers the set-up page instead.
 * @throws AppError `config-invalid` that names everything that is missing or wrong.
 */
export async function startServer(environment: Environment): Promise<void> {
  if (missingCredentials(environment).length === credentialNames.length) return offerSetup(environment);
  const config = await readConfig(environment);
  await listen(config, environment);
}

async function listen(config: AppConfig, environment: Environment): Promise<void> {
  const isTerminal = process.stdout.isTTY === true;
  const log = createLog({
    level: config.logLevel,
    format: config.logFormat ?? (isTerminal && environment.NODE_ENV !== 'production' ? 'pretty' : 'json'),
    colours: isTerminal && !environment.NO_COLOR,
    secrets: configSecrets(config, environment),
  });
  const app = await createApp({ config, log, machine: pickVariables(environment, machineVariables) });
  const server = serve(
    {
      fetch: app.routes.fetch,
      hostname: config.host,
      port: config.port,
      serverOptions: {
        headersTimeout: headersTimeoutMs,
        requestTimeout: requestTimeoutMs,
        keepAliveTimeout: keepAliveTimeoutMs,
      },
    },
    ({ port }) => log.info({ url: config.url, port }, `Dexter listens on ${config.host}:${port}`),
  );
  const end = (code: number): never => process.exit(code);
  onSignals(
    (signal) => {
      log.info({ signal, ...config.stop }, 'stopping');
      void stop({ app, server, log, ...config.stop }).then(
        () => end(0),
        (error: unknown) => {
          log.error({ err: error }, 'stopped, and not in good order');
          end(1);
        },
      );
    },
    (signal) => {
      log.warn({ signal, held: 'until their leases are over' }, 'told to stop again: ending at once');
      end(128 + constants.signals[signal]);
    },
  );
  server.once('error', (error) => {
    log.error({ err: error }, `cannot listen on ${config.host}:${config.port}`);
    process.exit(1);
  });
}

/**
 * One signal is often two: at Ctrl-C the terminal tells npm and the app, and npm tells the app again.
 * https://docs.npmjs.com/cli/v11/commands/npm-run-script
 */
const sameSignalMs = 500;

function onSignals(first: (signal: StopSignal) => void, again: (signal: StopSignal) => void): void {
  let firstAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        first(signal);
      } else if (performance.now() - firstAt > sameSignalMs) {
        again(signal);
      }
    });
  }
}

type StopSignal = 'SIGINT' | 'SIGTERM';

/** Probot's manifest flow: a page on which one click makes the GitHub App and stores its credentials in .env. */
async function offerSetup(environment: Environment): Promise<void> {
  if (environment.NODE_ENV === 'production') {
    throw new AppError('config-invalid', {
      message: `Dexter does not start in production without ${list([...credentialNames])}.`,
      hint: `${installPage} explains where each comes from.`,
    });
  }
  // The page stores the app's private key in .env: for this user alone.
  process.umask(0o077);
  // Taken before the variables below are set, which are for the page alone.
  const env = { ...environment, LOG_LEVEL: 'info' as const };
  // Otherwise Probot fetches a relay client from the registry and talks to a public relay.
  process.env.NO_SMEE_SETUP = 'true';
  // Where GitHub is to deliver, when the page is opened under another address (the page only knows its own).
  if (environment.DEXTER_URL) process.env.WEBHOOK_PROXY_URL = `${environment.DEXTER_URL}${webhookPath}`;
  await run(() => undefined, { env });
}

/** Runs `main` and turns what it throws into lines on standard error and exit code 1. */
export async function orExit(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (error instanceof AppError) console.error(`${error.message}\n\n${error.hint}`);
    else console.error(error);
    process.exit(1);
  }
}

if (import.meta.main) {
  loadEnvFile();
  await orExit(() => startServer(process.env));
}
