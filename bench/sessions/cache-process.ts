// node cache-process.ts: the simulated Actions cache in a process of its own, so that it takes no time from who
// is measured. Prints its address and the variables of a job; ends when its stdin does.
import { startCacheService } from '../../demo/actions-cache/start-cache-service.ts';

const { close, env, url } = await startCacheService();
process.stdin.on('end', () => void close().finally(() => process.exit(0))).resume();
console.log(JSON.stringify({ url, env }));
