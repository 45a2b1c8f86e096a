import { expect, it } from 'vitest';
import { developmentQueries } from '../../src/jira/development.ts';

const summary = (kinds: object) =>
  JSON.stringify({ cachedValue: { errors: [], summary: kinds }, isStale: true });
const counted = (...applications: string[]) => ({
  overall: { count: applications.length },
  byInstanceType: Object.fromEntries(applications.map((name) => [name, { count: 1, name }])),
});

it.each([
  ['Cloud', (json: string) => `{pullrequest={dataType=pullrequest, state=OPEN, stateCount=1}, json=${json}}`],
  ['Server', (json: string) => `{summaryBean=com.example.Bean@1f[summary={}], devSummaryJson=${json}}`],
])('reads what %s counts', (_name, text) => {
  const json = summary({
    pullrequest: counted('GitHub', 'stash'),
    branch: counted('GitHub'),
    build: counted('x'),
  });
  expect(developmentQueries(text(json))).toEqual([
    { dataType: 'pullrequest', application: 'GitHub' },
    { dataType: 'pullrequest', application: 'stash' },
    { dataType: 'branch', application: 'GitHub' },
  ]);
  expect(developmentQueries(text(summary({ pullrequest: counted() })))).toEqual([]);
});

it('asks for no more than a few, whatever is counted', () => {
  const many = counted(...Array.from({ length: 20 }, (_, index) => `application ${index}`));
  expect(developmentQueries(`{json=${summary({ pullrequest: many, branch: many })}}`)).toHaveLength(4);
});

it.each([
  undefined,
  null,
  7,
  {},
  '',
  '{}',
  '{json={"cachedValue":7}}',
  '{json={broken}}',
  '{json={"cachedValue":{"summary":{"branch":{"overall":{"count":"x"}}}}}}',
])('takes %j for nothing', (value) => {
  expect(developmentQueries(value)).toEqual([]);
});
