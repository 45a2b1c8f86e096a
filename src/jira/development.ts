import { z } from 'zod';
import type { JiraTicket } from './ticket.ts';
import type { JiraTransport } from './transport.ts';

/** One request that is worth making: of one kind of thing, in one application that is connected to the site. */
export interface DevelopmentQuery {
  dataType: 'pullrequest' | 'branch';
  application: string;
}

const kinds = ['pullrequest', 'branch'] as const;

/** Enough for a site with two applications. */
const mostQueries = 4;

const mostLinks = 50;

const Counted = z.looseObject({
  overall: z.looseObject({ count: z.number() }),
  byInstanceType: z.record(z.string(), z.looseObject({ count: z.number().optional() })).default({}),
});
const Summary = z.looseObject({
  cachedValue: z.looseObject({ summary: z.record(z.string(), z.unknown()) }),
});

const Named = z.looseObject({ name: z.string().default(''), url: z.string().default('') });
const Detail = z.looseObject({
  detail: z
    .array(
      z.looseObject({
        pullRequests: z.array(Named.extend({ status: z.string().default('') })).default([]),
        branches: z.array(Named).default([]),
      }),
    )
    .default([]),
});

/**
 * What the development panel of a ticket has, by the custom field that counts it. Its value is the text of an object of
 * the server, `{pullrequest={…}, json={"cachedValue":{…}}}` or `{summaryBean=…, devSummaryJson={…}}`; anything else
 * means nothing.
 */
export function developmentQueries(field: unknown): DevelopmentQuery[] {
  const [, json] =
    /^\{.*?(?:devSummaryJson|json)=(\{.*\})\}$/s.exec(typeof field === 'string' ? field : '') ?? [];
  const parsed = Summary.safeParse(json === undefined ? undefined : jsonOf(json));
  if (!parsed.success) return [];
  const { summary } = parsed.data.cachedValue;
  return kinds
    .flatMap((dataType) => {
      const counted = Counted.safeParse(summary[dataType]);
      if (!counted.success || counted.data.overall.count === 0) return [];
      return Object.keys(counted.data.byInstanceType).map((application) => ({ dataType, application }));
    })
    .slice(0, mostQueries);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Pull requests and branches of the development panel, as links. JIRA has no documented address for them; the one that
 * its own pages use is asked, and a site that does not answer there has none.
 */
export async function readDevelopment(
  { get }: JiraTransport,
  issueId: string,
  queries: readonly DevelopmentQuery[],
): Promise<JiraTicket['remoteLinks']> {
  const answers = await Promise.all(
    queries.map(({ dataType, application }) =>
      get('/rest/dev-status/latest/issue/detail', { issueId, applicationType: application, dataType }).catch(
        () => undefined,
      ),
    ),
  );
  const links = answers.flatMap((answer) => {
    const parsed = Detail.safeParse(answer);
    return parsed.success ? parsed.data.detail.flatMap(linksOf) : [];
  });
  return [...new Map(links.map((link) => [`${link.relation} ${link.url}`, link])).values()].slice(
    0,
    mostLinks,
  );
}

function linksOf({ pullRequests, branches }: z.infer<typeof Detail>['detail'][number]) {
  return [
    ...pullRequests.map(({ name, url, status }) => ({
      title: name,
      url,
      relation: status === '' ? 'pull request' : `pull request, ${status.toLowerCase()}`,
    })),
    ...branches.map(({ name, url }) => ({ title: name, url, relation: 'branch' })),
  ].filter(({ url }) => url !== '');
}
