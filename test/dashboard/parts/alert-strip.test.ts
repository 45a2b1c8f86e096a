import { parseHTML } from 'linkedom';
import { expect, it } from 'vitest';
import type { CurrentAlert } from '../../../src/alerts/current-alerts.ts';
import { alertStrip } from '../../../src/dashboard/parts/alert-strip.ts';

const alert = (more: Partial<CurrentAlert>): CurrentAlert => ({
  name: 'sessionHitRate',
  label: '',
  repositoryId: null,
  level: 'warning',
  value: 0.43,
  threshold: 0.5,
  since: new Date(0),
  title: 'Few sessions can be restored',
  meaning: '',
  whatToDo: '',
  comparison: '43 % (warning: below 50 %)',
  ...more,
});

const said = (...alerts: CurrentAlert[]) =>
  parseHTML(`<body>${alertStrip(alerts)}</body>`)
    .document.querySelector('#alert-strip')
    ?.getAttribute('data-says');

it('tells who hears the page which alerts hold, and not their figures', () => {
  expect(said(alert({ label: 's3' }))).toBe('Warning: Few sessions can be restored (s3).');
  expect(said(alert({}))).toBe(said(alert({ value: 0.41, comparison: '41 % (warning: below 50 %)' })));
  expect(said(alert({ level: 'critical' }))).not.toBe(said(alert({})));
  expect(said()).toBe('No alert holds any more.');
});

it('tells three of many, and how many more there are', () => {
  const many = ['a', 'b', 'c', 'd', 'e'].map((label) => alert({ label }));
  expect(said(...many)).toMatch(/\(a\)\..*\(b\)\..*\(c\)\. And 2 more\.$/);
});

it('tells a hostile label as text that is seen', () => {
  const label = '"><script>\u202e';
  expect(said(alert({ label }))).toBe('Warning: Few sessions can be restored ("><script>⟨U+202E⟩).');
});
