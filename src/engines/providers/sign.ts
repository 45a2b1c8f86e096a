/** A request to a model's API, complete but for who asks. */
export interface UnsignedRequest {
  method: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
}

/** Gives the headers that say who asks. Rejects when there are no credentials. */
export type Sign = (request: UnsignedRequest) => Promise<Record<string, string>>;
