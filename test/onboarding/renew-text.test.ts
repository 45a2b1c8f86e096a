import { describe, expect, it } from 'vitest';
import { renewText } from '../../src/onboarding/renew-text.ts';
import { workflowOf } from './templates.ts';

const [before, after] = [workflowOf('v1'), workflowOf('v2')];

describe('a file that came from an older template', () => {
  it('becomes the new one when nobody changed it', () => {
    expect(renewText(before, before, after)).toBe(after);
    expect(renewText(after, before, after)).toBe(after);
  });

  it('keeps what was changed elsewhere', () => {
    const own = (text: string) =>
      text.replace('dexter]', 'big]').replace('name: Dexter', '# ours\nname: Dexter');
    expect(renewText(own(before), before, after)).toBe(own(after));
  });

  it('is not renewed where the same lines were changed', () => {
    expect(renewText(before.replace('@v1', '@ours'), before, after)).toBeUndefined();
    expect(renewText('something else\n', before, after)).toBeUndefined();
  });
});
