import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { Sign } from './sign.ts';

export interface BedrockOptions {
  region: string;
  /** API key of Bedrock, which needs no signature; without one the credentials sign. */
  bearerToken?: string | undefined;
  /** Where credentials come from; the SDK's own places (environment, OIDC role, instance) without. */
  credentials?: () => Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string }>;
  now?: () => Date;
}

export function bedrockUrl(region: string): string {
  return `https://bedrock-runtime.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** Signature version 4. The SDK is loaded with the first request. */
export function bedrockSign({
  region,
  bearerToken,
  credentials,
  now = () => new Date(),
}: BedrockOptions): Sign {
  if (bearerToken !== undefined) return async () => ({ authorization: `Bearer ${bearerToken}` });
  let signer: ReturnType<typeof load> | undefined;
  const load = async () => {
    const { SignatureV4 } = await import('@smithy/signature-v4');
    const found = credentials ?? (await import('@aws-sdk/credential-provider-node')).defaultProvider();
    return new SignatureV4({ service: 'bedrock', region, credentials: found, sha256: Sha256 });
  };
  return async ({ method, url, headers, body }) => {
    signer ??= load();
    const type = headers['content-type'];
    const signed = await (await signer).sign(
      {
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: { host: url.host, ...(type === undefined ? {} : { 'content-type': type }) },
        body,
      },
      { signingDate: now() },
    );
    return signed.headers;
  };
}

/** What the signer wants of a hash, by Node's own. */
class Sha256 {
  readonly #secret: Parameters<typeof createHmac>[1] | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined || typeof secret === 'string' ? secret : bytesOf(secret);
    this.#hash = this.#begin();
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof chunk === 'string' ? chunk : bytesOf(chunk));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#begin();
  }

  #begin(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
