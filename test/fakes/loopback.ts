import nock from 'nock';

/** Lets this one test talk to a server on the same machine; the next test starts with the network off again. */
export function allowLoopback() {
  nock.enableNetConnect(/^(127\.0\.0\.1|localhost|\[?::1\]?)(:\d+)?$/);
}
