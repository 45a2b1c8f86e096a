import { sessionStoreContract } from '../contracts/session-store.ts';
import { actionsCacheWorld } from './actions-cache-world.ts';

const world = actionsCacheWorld();

for (const protocol of [2, 1] as const) {
  sessionStoreContract(`the Actions cache in version ${protocol} of its protocol`, () =>
    world.start(protocol),
  );
}
