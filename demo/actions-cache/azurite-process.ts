// node azurite-process.ts: Azurite's blob service on a free port of the loopback, everything in memory. It says
// the port on stdout and ends when its stdin does, so it never outlives who started it.
process.argv.push(
  ...['--blobHost', '127.0.0.1', '--blobPort', '0', '--inMemoryPersistence'],
  ...['--disableTelemetry', '--skipApiVersionCheck', '--silent'],
);
process.stdin.on('end', () => process.exit(0)).resume();
// @ts-expect-error Azurite's program has no types; it runs when it is loaded.
await import('azurite/dist/src/blob/main.js');
