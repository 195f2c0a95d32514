import type { SourceKind } from '../../core/manifest.ts';
import type { ServiceContainer } from '../service-container.ts';
import type { Changed, Changes } from './changes.ts';
import type { DataService, DataServiceOptions } from './data-service.ts';
import { createLdapService, ldapDataDirectories } from './ldap.ts';
import { ldapChanged } from './ldap-changes.ts';
import { createMysqlService, mysqlDataDirectory } from './mysql.ts';
import { mysqlChanged } from './mysql-changes.ts';
import { createPostgresService, postgresDataDirectory } from './postgres.ts';
import { postgresChanged } from './postgres-changes.ts';

const factories: Readonly<Record<SourceKind, (options: DataServiceOptions) => DataService>> = {
  mysql: createMysqlService,
  ldap: createLdapService,
  postgres: createPostgresService,
};

export function createDataService(options: DataServiceOptions): DataService {
  return factories[options.source.kind](options);
}

const changed: Readonly<Record<string, (container: ServiceContainer, before: Changes) => Promise<Changed>>> = {
  mysql: mysqlChanged,
  ldap: ldapChanged,
  postgres: postgresChanged,
};

/** Whether the data of a running service was changed since a restore that noted these counts; `unknown` where it noted none. */
export async function changedSince(container: ServiceContainer, before: Changes | undefined): Promise<Changed> {
  const compare = changed[before?.kind ?? ''];
  return before && compare ? compare(container, before) : 'unknown';
}

/** Where a marker may lie in a running service, without knowing its snapshot: its programs tell what kind of server it is. */
export async function dataDirectories(container: ServiceContainer, labels: Readonly<Record<string, string>>): Promise<string[]> {
  const found = await container.exec([
    'sh',
    '-c',
    'for tool in mysql mariadb psql slapcat; do command -v "$tool" >/dev/null && echo "$tool"; done; true',
  ]);
  const tool = found.stdout.split('\n')[0];
  if (tool === 'mysql' || tool === 'mariadb') return [await mysqlDataDirectory(container)];
  if (tool === 'psql') return [await postgresDataDirectory(container)];
  return tool === 'slapcat' ? ldapDataDirectories(container, labels) : [];
}
