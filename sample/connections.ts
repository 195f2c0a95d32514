/** Where the sample servers are and how to log in to them. For the sample only: these passwords protect nothing. */
export interface SampleConnections {
  /** The read-only extraction account. */
  readonly mysql: DatabaseConnection;
  /** The read-only extraction account. */
  readonly postgres: DatabaseConnection;
  /** The directory's root DN: it is exempt from size limits. */
  readonly ldap: {
    readonly host: string;
    readonly port: number;
    readonly bindDn: string;
    readonly password: string;
    readonly baseDn: string;
  };
  /** Accounts that may change data: tests use them to change a row. */
  readonly mysqlAdmin: DatabaseConnection;
  readonly postgresAdmin: DatabaseConnection;
}

interface DatabaseConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Where a server takes connections. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export type SampleAddresses = Readonly<Record<'mysql' | 'ldap' | 'postgres', Address>>;

/** Environment of a process, or what stands for it in a test. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Passwords of the sample servers, by the variables of docker-compose.dev.yml; those of `env` go before the sample's own. */
export const samplePasswords = (env: Environment) => ({
  SAMPLE_MYSQL_ROOT_PASSWORD: env.SAMPLE_MYSQL_ROOT_PASSWORD ?? 'sample-mysql-root',
  SAMPLE_LDAP_ADMIN_PASSWORD: env.SAMPLE_LDAP_ADMIN_PASSWORD ?? 'sample-ldap-admin',
  SAMPLE_LDAP_CONFIG_PASSWORD: env.SAMPLE_LDAP_CONFIG_PASSWORD ?? 'sample-ldap-config',
  SAMPLE_POSTGRES_PASSWORD: env.SAMPLE_POSTGRES_PASSWORD ?? 'sample-postgres',
});

/** Password of both extraction accounts. */
const extractionPassword = 'sample-extraction';

export const sampleConnections = (addresses: SampleAddresses, env: Environment): SampleConnections => {
  const passwords = samplePasswords(env);
  const mysql = { ...addresses.mysql, database: 'dynamease' };
  const postgres = { ...addresses.postgres, database: 'aerogear' };
  return {
    mysql: { ...mysql, user: 'dyndata', password: extractionPassword },
    postgres: { ...postgres, user: 'dyndata', password: extractionPassword },
    ldap: {
      ...addresses.ldap,
      bindDn: 'cn=admin,dc=dynamease,dc=test',
      password: passwords.SAMPLE_LDAP_ADMIN_PASSWORD,
      baseDn: 'dc=dynamease,dc=test',
    },
    mysqlAdmin: { ...mysql, user: 'root', password: passwords.SAMPLE_MYSQL_ROOT_PASSWORD },
    postgresAdmin: { ...postgres, user: 'postgres', password: passwords.SAMPLE_POSTGRES_PASSWORD },
  };
};
