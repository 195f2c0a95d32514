const variables = ['http_proxy', 'https_proxy'];

/**
 * Has Node send what goes to registries through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name. What is not there, as in Node before
 * 24.14, is left: NODE_USE_ENV_PROXY=1 does the same from 22.21 on. The engine pulls images through a proxy of its own settings.
 */
export function useProxyOf(env: Readonly<Record<string, string | undefined>>): void {
  if (!Object.entries(env).some(([name, value]) => variables.includes(name.toLowerCase()) && value)) return;
  // Only here, because most calls need no HTTP at all and should start at once.
  process.getBuiltinModule('node:http').setGlobalProxyFromEnv?.();
}
