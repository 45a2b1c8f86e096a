import { z } from 'zod';

/** How many requests GitHub still takes from an installation, by the headers of an answer. */
export interface RateLimit {
  /** Id of the installation, or `app` for the app itself. */
  installation: string;
  /** What the limit is on: `core`, `graphql`, `search`. */
  resource: string;
  limit: number;
  remaining: number;
  /** When it is counted anew, in seconds since 1970. */
  resetSeconds: number;
}

/** What of an octokit it takes to see answers pass. */
interface Watched {
  hook: {
    after(name: 'request', hear: (response: unknown) => void): unknown;
    error(name: 'request', hear: (error: unknown) => void): unknown;
  };
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api */
const Headers = z.object({
  'x-ratelimit-limit': z.coerce.number().int().nonnegative(),
  'x-ratelimit-remaining': z.coerce.number().int().nonnegative(),
  'x-ratelimit-reset': z.coerce.number().int().positive(),
  'x-ratelimit-resource': z
    .string()
    .regex(/^[a-z_]{1,40}$/)
    .catch('core'),
});

const Answer = z.object({ headers: Headers });
const Failure = z.object({ response: Answer });
const Options = z.object({ auth: z.object({ installationId: z.number() }) });

/** A plugin of octokit that tells `hear` what answers say of the limits; GitHub servers without limits say nothing. */
export function watchRateLimits(hear: (limit: RateLimit) => void) {
  return ({ hook }: Watched, options: unknown): void => {
    const installation = String(Options.safeParse(options).data?.auth.installationId ?? 'app');
    const tell = (answer: z.infer<typeof Answer> | undefined) => {
      if (!answer) return;
      const { headers } = answer;
      hear({
        installation,
        resource: headers['x-ratelimit-resource'],
        limit: headers['x-ratelimit-limit'],
        remaining: headers['x-ratelimit-remaining'],
        resetSeconds: headers['x-ratelimit-reset'],
      });
    };
    hook.after('request', (response) => tell(Answer.safeParse(response).data));
    hook.error('request', (error) => {
      tell(Failure.safeParse(error).data?.response);
      throw error;
    });
  };
}
