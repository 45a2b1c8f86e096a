import { startFakeRedis } from '../fakes/redis-server.ts';
import { sharedRedis } from './shared-redis.ts';

sharedRedis('the protocol of Redis', startFakeRedis);
