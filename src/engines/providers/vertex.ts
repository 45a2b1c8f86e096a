import type { Sign } from './sign.ts';

/** Addresses of the places that are more than one region have a form of their own. */
export function vertexUrl(region: string): string {
  if (region === 'global') return 'https://aiplatform.googleapis.com';
  if (region === 'us' || region === 'eu') return `https://aiplatform.${region}.rep.googleapis.com`;
  return `https://${region}-aiplatform.googleapis.com`;
}

/**
 * An access token of Google's, by what `GOOGLE_APPLICATION_CREDENTIALS` names (a workload identity federation, a
 * service account) or the machine's own account. The library keeps it until it expires.
 */
export function vertexSign(project: string): Sign {
  const load = async () => {
    const { GoogleAuth } = await import('google-auth-library');
    // Without the project the library would ask the resource manager for it, which an account need not be allowed.
    return new GoogleAuth({
      projectId: project,
      scopes: ['https://www.googleapis.com/auth/cloud-platform'],
    });
  };
  let auth: ReturnType<typeof load> | undefined;
  return async () => {
    auth ??= load();
    const token = await (await auth).getAccessToken();
    if (!token) throw new Error('Google gave no access token');
    return { authorization: `Bearer ${token}` };
  };
}
