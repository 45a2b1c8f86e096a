import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Amend } from './amend.ts';
import { isObject, type JsonObject, numberAt, objectAt, parseJson, textAt } from './json.ts';

/** GitHub waits this long for the answer to a delivery, and never sends it again by itself. */
const answerWithinMs = 10_000;

/** One webhook delivery and how it went. `statusCode` is 0 while it is under way or when nobody answered. */
export type Delivery = {
  id: number;
  guid: string;
  event: string;
  action: string | null;
  body: string;
  headers: Record<string, string>;
  deliveredAt: string;
  durationMs: number;
  redelivery: boolean;
  status: string;
  statusCode: number;
};

export type RelayOptions = { secret: string; appId: number; installationId: number; amend: Amend };

/**
 * Takes the emulator's deliveries and sends them on to the App. The emulator writes its deliveries before
 * the App's address is known, gives them no unique id and leaves out a few members; so each is completed,
 * signed again with the same secret when its body changed, and kept in the log.
 */
export function createRelay({ secret, appId, installationId, amend }: RelayOptions) {
  const deliveries: Delivery[] = [];
  const underWay = new Set<Promise<void>>();
  const closing = new AbortController();
  let target: string | undefined;
  /** Deliveries start in the order in which they came, and then go on side by side. */
  let order: Promise<void> = Promise.resolve();

  const track = (work: Promise<void>) => {
    underWay.add(work);
    work.finally(() => underWay.delete(work));
  };

  function sign(body: string): Record<string, string> {
    const hmac = (algorithm: string) => createHmac(algorithm, secret).update(body).digest('hex');
    return { 'X-Hub-Signature': `sha1=${hmac('sha1')}`, 'X-Hub-Signature-256': `sha256=${hmac('sha256')}` };
  }

  function record(
    event: string,
    body: string,
    signature: Record<string, string>,
    again?: Delivery,
  ): Delivery {
    const guid = again?.guid ?? randomUUID();
    const delivery: Delivery = {
      id: deliveries.length + 1,
      guid,
      event,
      action: textAt(parseJson(body), 'action') || null,
      body,
      headers: {
        Accept: '*/*',
        'Content-Type': 'application/json',
        'User-Agent': 'GitHub-Hookshot/simulation',
        'X-GitHub-Delivery': guid,
        'X-GitHub-Event': event,
        'X-GitHub-Hook-ID': '1',
        'X-GitHub-Hook-Installation-Target-ID': String(appId),
        'X-GitHub-Hook-Installation-Target-Type': 'integration',
        ...signature,
      },
      deliveredAt: new Date().toISOString(),
      durationMs: 0,
      redelivery: again !== undefined,
      status: 'pending',
      statusCode: 0,
    };
    deliveries.push(delivery);
    return delivery;
  }

  async function deliver(delivery: Delivery): Promise<void> {
    if (target === undefined) {
      delivery.status = 'no webhook address is set';
      return;
    }
    const started = Date.now();
    try {
      const response = await fetch(target, {
        method: 'POST',
        headers: delivery.headers,
        body: delivery.body,
        signal: AbortSignal.any([closing.signal, AbortSignal.timeout(answerWithinMs)]),
      });
      await response.arrayBuffer();
      delivery.statusCode = response.status;
      delivery.status = response.ok ? 'OK' : `Invalid HTTP Response: ${response.status}`;
    } catch (error) {
      delivery.status =
        error instanceof Error && error.name === 'TimeoutError' ? 'timed out' : 'failed to connect to host';
    }
    delivery.durationMs = Date.now() - started;
  }

  return {
    deliveries,
    setTarget(url: string): void {
      target = url;
    },
    target: (): string | undefined => target,

    /** A delivery of the emulator, as it came. */
    receive(event: string, body: string, signature: string): void {
      order = order.then(async () => {
        const amended = lowerCaseReview(event, await amend(parseJson(body)));
        const text = JSON.stringify(amended);
        track(
          deliver(record(event, text, text === body ? { 'X-Hub-Signature-256': signature } : sign(text))),
        );
      });
      track(order);
    },

    /** A delivery that the emulator does not make. */
    send(event: string, payload: JsonObject): void {
      order = order.then(async () => {
        const body = JSON.stringify(await amend({ ...payload, installation: { id: installationId } }));
        track(deliver(record(event, body, sign(body))));
      });
      track(order);
    },

    /** `POST /app/hook/deliveries/:id/attempts`; false when there is no such delivery. */
    redeliver(id: number): boolean {
      const first = deliveries.find((delivery) => delivery.id === id);
      if (!first) return false;
      track(deliver(record(first.event, first.body, sign(first.body), first)));
      return true;
    },

    /** Resolves when every delivery so far has ended. */
    async settled(): Promise<void> {
      // The emulator starts a delivery without waiting for it: give one that is on its way time to arrive.
      do {
        await Promise.allSettled(underWay);
        await sleep(20);
      } while (underWay.size > 0);
    },

    async close(): Promise<void> {
      closing.abort();
      await Promise.allSettled(underWay);
    },
  };
}
export type Relay = ReturnType<typeof createRelay>;

/** Webhooks say `commented` where the REST API says `COMMENTED`, and null for a review without a text. */
function lowerCaseReview(event: string, payload: unknown): unknown {
  if (event !== 'pull_request_review' || !isObject(payload)) return payload;
  const review = objectAt(payload, 'review');
  const [state, body] = [textAt(review, 'state').toLowerCase(), textAt(review, 'body') || null];
  return { ...payload, review: { ...review, state, body } };
}

/** A delivery as the REST API shows it. https://docs.github.com/en/rest/apps/webhooks */
export function formatDelivery(delivery: Delivery): JsonObject {
  const payload = parseJson(delivery.body);
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: delivery.deliveredAt,
    redelivery: delivery.redelivery,
    duration: delivery.durationMs / 1000,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: numberAt(objectAt(payload, 'installation'), 'id') || null,
    repository_id: numberAt(objectAt(payload, 'repository'), 'id') || null,
    throttled_at: null,
  };
}
