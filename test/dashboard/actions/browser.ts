import type { Viewer } from '../../../src/core/viewer.ts';
import { formTokens } from '../../../src/dashboard/actions/form-tokens.ts';
import type { World } from '../../app/world.ts';

/** Header by which the tests say who looks. */
export const viewerHeader = 'x-test-viewer';

/** What a browser does with the forms of the dashboard, without one. */
export function browser(world: World) {
  const tokens = formTokens(world.github.app.webhookSecret);
  const own = { origin: world.url, 'sec-fetch-site': 'same-origin' };

  async function send(
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(`${world.url}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...own, ...headers },
      body: new URLSearchParams(fields).toString(),
    });
    const page = await response.text();
    return {
      status: response.status,
      page,
      commandId: /^\/commands\/([0-9a-f-]{36})$/.exec(response.headers.get('location') ?? '')?.[1] ?? '',
    };
  }

  return {
    tokens,
    own,
    send,
    /** Presses a button of a page that was made for this viewer. */
    press: (viewer: Viewer, purpose: string, path: string, fields: Record<string, string>) =>
      send(path, { token: tokens.make(viewer, purpose), ...fields }, { [viewerHeader]: viewer.name }),
  };
}

export interface Answer {
  status: number;
  page: string;
  /** Of the command whose page the browser goes to; empty where it goes nowhere. */
  commandId: string;
}
