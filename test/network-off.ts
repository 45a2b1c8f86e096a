// Set-up of the unit tests: whatever is not answered by nock fails at once, loopback too.
import nock from 'nock';
import { afterEach, beforeEach } from 'vitest';

beforeEach(() => {
  nock.disableNetConnect();
});

afterEach(() => {
  nock.cleanAll();
});
