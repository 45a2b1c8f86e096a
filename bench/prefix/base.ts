import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from '../figure.ts';
import { baseOf, type Given, type Ground, openPlace, rules } from './session.ts';

const sets: [string, Partial<Given>][] = [
  ['auto', { model: undefined }],
  ['default', { model: undefined, tools: 'default' }],
  ['auto_sonnet_4_5', {}],
  ['auto_with_agent_sonnet_4_5', { rules: [...rules, 'Agent'] }],
  ['default_sonnet_4_5', { tools: 'default' }],
];

/** Tools and system prompt, which each request of each session begins with; and who shares them. */
export async function* measureBase(ground: Ground): AsyncGenerator<Result> {
  for (const [name, change] of sets) {
    await using place = await openPlace(ground);
    const [first] = await place.say('begin', { ...place.given, ...change });
    if (first === undefined) continue;
    ground.log(`base ${name}: ${first.body.tools?.map((tool) => String(tool.name)).join(' ')}`);
    yield {
      figure: `base_${name}`,
      value: baseOf(first),
      unit: 'tokens',
      goal: name === 'auto' ? '<7000' : '>=0',
    };
  }

  for (const [name, flags] of [
    ['other_issue', []],
    ['other_issue_exclude_dynamic', ['--exclude-dynamic-system-prompt-sections']],
  ] as [string, string[]][]) {
    await using place = await openPlace(ground);
    const given = { ...place.given, flags };
    await place.say('begin', given);
    place.forget();
    const checkout = join(place.root, 'other-issue');
    await cp(given.checkout, checkout, { recursive: true });
    const [first] = await place.say('begin', { ...given, checkout });
    if (first === undefined) continue;
    const share = first.usage.cache_read_input_tokens / baseOf(first);
    yield { figure: `${name}_reads_base`, value: share, unit: 'ratio', goal: '>=0.95' };
  }
}
