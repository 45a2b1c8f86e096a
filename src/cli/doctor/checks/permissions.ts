import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { GitHubApp, Installation } from '../../../github/inspect.ts';
import type { Check } from '../check.ts';
import { count, failed, ok, type Verdict } from '../verdict.ts';
import { settingsPage } from './github-app.ts';
import { nameOf } from './installation.ts';

const Manifest = z.object({
  default_permissions: z.record(z.string(), z.string()),
  default_events: z.array(z.string()),
});
type Manifest = z.infer<typeof Manifest>;

const manifestFile = new URL('../../../../app.yml', import.meta.url);

export const permissions: Check = {
  id: 'permissions',
  area: 'app',
  title: 'Permissions and events',
  looksAt: 'Each installation grants the permissions and sends the events of `app.yml`.',
  mend: 'Add what is missing in the App\'s settings under "Permissions & events"; then the owner of each installation accepts it on the installation\'s page.',
  needs: ['installation'],
  async inspect({ config, app, installations }) {
    const manifest = Manifest.parse(parseYaml(await readFile(manifestFile, 'utf8')));
    const [known, answer, { github }] = await Promise.all([app(), installations(), config()]);
    if (known.outcome !== 'answered' || answer.outcome !== 'answered')
      throw new Error('seen before, and gone');
    return judgePermissions({
      manifest,
      app: known.value,
      installations: answer.value,
      settings: settingsPage(github.serverUrl, known.value),
    });
  },
};

export function judgePermissions(facts: {
  manifest: Manifest;
  app: GitHubApp;
  installations: Installation[];
  settings: string;
}): Verdict {
  const { manifest, app, installations, settings } = facts;
  const ofApp = lacking(manifest, app);
  if (ofApp.length > 0) {
    return failed(
      `The App does not ask for ${ofApp.join(', ')}.`,
      `Add it at ${settings}/permissions; then accept it on the page of each installation, such as ${installations[0]?.html_url ?? settings}`,
    );
  }
  const incomplete = installations.flatMap((one) => {
    const missing = lacking(manifest, one);
    return missing.length > 0 ? [{ one, missing }] : [];
  });
  const [first] = incomplete;
  if (first === undefined) {
    const { default_permissions: all, default_events: events } = manifest;
    return ok(
      `All ${count(Object.keys(all).length, 'permission')} and ${count(events.length, 'event')} of app.yml.`,
    );
  }
  return failed(
    incomplete
      .map(({ one, missing }) => `The installation on ${nameOf(one)} does not grant ${missing.join(', ')}.`)
      .join('\n'),
    `An owner accepts the request for new permissions: ${incomplete.map(({ one }) => one.html_url).join(', ')}`,
  );
}

const ranks = ['none', 'read', 'write', 'admin'];

function lacking(
  { default_permissions, default_events }: Manifest,
  granted: Pick<Installation, 'permissions' | 'events'>,
): string[] {
  const rank = (access: string | undefined) => ranks.indexOf(access ?? 'none');
  return [
    ...Object.entries(default_permissions)
      .filter(([name, access]) => rank(granted.permissions[name]) < rank(access))
      .map(([name, access]) => `${name} (${access})`),
    ...default_events.filter((event) => !granted.events.includes(event)).map((event) => `the event ${event}`),
  ];
}
