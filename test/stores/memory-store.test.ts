import { sessionStoreContract } from '../contracts/session-store.ts';
import { memoryStore } from '../fakes/memory-store.ts';

sessionStoreContract('the store in memory', async () => ({ store: memoryStore() }));
