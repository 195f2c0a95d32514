import { type BuildSnapshot, DynDataError, type JobHandler, type RegistryConfig, type SourceConfig } from '../../core/index.ts';

/** Builds of the configured environments. Two environments that read the same server wait for each other: what is spared is the server. */
export function createBuildHandler(buildSnapshot: BuildSnapshot, config: Pick<RegistryConfig, 'environments'>): JobHandler {
  return {
    resources({ environment = '' }) {
      const sources = Object.values(config.environments[environment]?.sources ?? {});
      return [...new Set(sources.map(serverOf))].sort();
    },
    async run({ environment, tag, alias }, hooks) {
      if (environment === undefined) throw new DynDataError('REQUEST_INVALID', 'A build needs an environment.');
      const names = { ...(tag === undefined ? {} : { tag }), ...(alias === undefined ? {} : { alias }) };
      return buildSnapshot({ environment, ...names }, hooks);
    },
  };
}

function serverOf(source: SourceConfig): string {
  if (source.kind === 'ldap') return `ldap ${source.url.toLowerCase().replace(/\/+$/, '')}`;
  return `${source.kind} ${source.host.toLowerCase()}:${source.port}`;
}
