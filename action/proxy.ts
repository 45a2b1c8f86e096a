// As a whole: a named import that an older Node does not have would keep the action from starting.
import * as http from 'node:http';

/** The variables that say how to get out of the network, with loopback always reached directly. */
export function proxyVariables(env: Readonly<Record<string, string | undefined>>) {
  const { HTTP_PROXY, HTTPS_PROXY, http_proxy, https_proxy } = env;
  const direct = [env.NO_PROXY ?? env.no_proxy, '127.0.0.1', 'localhost', '::1'].filter(Boolean).join(',');
  return { HTTP_PROXY, HTTPS_PROXY, http_proxy, https_proxy, NO_PROXY: direct, no_proxy: direct };
}

/** Lets `fetch` go through the network's proxy, on versions of Node that can. */
export function useProxyOf(env: Readonly<Record<string, string | undefined>>): void {
  const { HTTP_PROXY, HTTPS_PROXY, http_proxy, https_proxy } = env;
  const isProxied = [HTTP_PROXY, HTTPS_PROXY, http_proxy, https_proxy].some(Boolean);
  if (isProxied && 'setGlobalProxyFromEnv' in http) http.setGlobalProxyFromEnv(proxyVariables(env));
}
