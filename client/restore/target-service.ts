import { DynDataError } from '../../core/errors.ts';
import type { ManifestSource } from '../../core/manifest.ts';
import type { ServiceContainer } from '../service-container.ts';
import type { DataService, DataServiceOptions } from './data-service.ts';
import { createRemoteLdap } from './ldap-remote.ts';
import { createMysqlService } from './mysql.ts';
import { createMysqlClient, errorCode as mysqlCode } from './mysql-client.ts';
import { createPostgresService, databaseLabel } from './postgres.ts';
import { createPsql, errorCode as postgresCode } from './postgres-psql.ts';

/** A server that is no container of the stack, as far as a restore needs it. */
export type TargetService = Pick<DataService, 'occupied' | 'settings' | 'restore' | 'concluded' | 'putBack' | 'counts'> & {
  /** Why it cannot be used; `isRefused` where it is the credentials. */
  connect(): Promise<Refusal | undefined>;
};

export type Refusal = { readonly code: string; readonly isRefused: boolean };

/** Access denied, unknown host of an account, account locked. */
const mysqlRefusals = /MySQL error (?:1045|1130|1698|3118)\b/;

/**
 * The same restore as in a service of the stack, through the clients in a container of their own.
 * @param database another name for the snapshot's only database; of a directory or MySQL it has to be the same
 * @throws DynDataError USAGE
 */
export function createTargetService(container: ServiceContainer, source: ManifestSource, database: string | undefined): TargetService {
  const names = source.databases.map(({ name }) => name);
  if (source.kind !== 'postgres' && database !== undefined && !names.includes(database)) {
    throw new DynDataError(
      'USAGE',
      `The address of --to names ${database}, but the source ${source.name} is restored as ${names.join(', ') || 'nothing'}. Leave the name out, or take another snapshot.`,
    );
  }
  const refuse = (): Promise<never> => Promise.reject(new DynDataError('INTERNAL', 'A server elsewhere is not restarted.'));
  const labels = database === undefined ? {} : { [databaseLabel]: database };
  const restart = { stop: refuse, start: refuse };
  const options: DataServiceOptions = { container, source, labels, restart, oneOff: refuse, beginStep: () => undefined };
  switch (source.kind) {
    case 'ldap':
      return createRemoteLdap({ container, source });
    case 'mysql':
      return {
        ...createMysqlService(options),
        async connect() {
          const result = await createMysqlClient(container).run(['--execute=SELECT 1']);
          const code = mysqlCode(result);
          return result.exitCode === 0 ? undefined : { code, isRefused: mysqlRefusals.test(code) };
        },
      };
    case 'postgres':
      return {
        ...createPostgresService(options),
        async connect() {
          const result = await createPsql(container).script('postgres', 'SELECT 1;');
          // Before a session is there, psql says no code: who is refused is told by the password alone.
          const isRefused = /password authentication failed|no password supplied|role .* does not exist/.test(result.stderr);
          return result.exitCode === 0 ? undefined : { code: postgresCode(result), isRefused };
        },
      };
  }
}
