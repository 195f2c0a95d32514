import { digestOf } from '../../core/digest.ts';
import type { ServiceContainer } from '../service-container.ts';
import type { Changed, Changes } from './changes.ts';
import { createMysqlClient, literal, unhex } from './mysql-client.ts';

/**
 * Which process of the server it is: when its machine started, and when it did. Its counts begin anew with each, so that those of two processes
 * cannot be compared.
 */
const bootScript = `pid="$(cat "$1")" && printf '%s %s' "$(cat /proc/sys/kernel/random/boot_id)" "$(cut -d ' ' -f 22 "/proc/$pid/stat")"`;

/** Each must be as it is given, or writes may have gone uncounted. */
const counted: readonly (readonly [sql: string, value: string])[] = [
  ["SELECT COUNT(*) FROM performance_schema.threads WHERE TYPE = 'FOREGROUND' AND INSTRUMENTED <> 'YES'", '0'],
  ["SELECT COUNT(*) FROM performance_schema.setup_actors WHERE ENABLED <> 'YES' OR (USER, HOST) <> ('%', '%')", '0'],
  [
    "SELECT COUNT(*) FROM performance_schema.setup_objects WHERE OBJECT_TYPE = 'TABLE' AND ENABLED <> 'YES' AND OBJECT_SCHEMA NOT IN ('mysql', 'performance_schema', 'information_schema')",
    '0',
  ],
  ['SELECT @@GLOBAL.performance_schema', '1'],
  ["SELECT COUNT(*) FROM performance_schema.setup_instruments WHERE NAME = 'wait/io/table/sql/handler' AND ENABLED = 'YES'", '1'],
  [
    "SELECT COUNT(*) FROM performance_schema.setup_consumers WHERE NAME IN ('global_instrumentation', 'thread_instrumentation') AND ENABLED = 'YES'",
    '2',
  ],
  [
    "SELECT COUNT(*) FROM performance_schema.setup_objects WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA = '%' AND OBJECT_NAME = '%' AND ENABLED = 'YES'",
    '1',
  ],
  [
    "SELECT SUM(VARIABLE_VALUE) FROM performance_schema.global_status WHERE VARIABLE_NAME IN ('Performance_schema_table_instances_lost', 'Performance_schema_table_handles_lost')",
    '0',
  ],
];

/**
 * Statements that change tables without writing rows; those that change a table's definition also begin its count anew. Only SHOW tells how many
 * there were.
 */
const definitions = [
  'alter_db',
  'alter_table',
  'alter_tablespace',
  'create_db',
  'create_index',
  'create_table',
  'drop_db',
  'drop_index',
  'drop_table',
  'optimize',
  'rename_table',
  'repair',
  'truncate',
].map((name) => `Com_${name}`);

/** Writes of rows into each table, counted by MySQL since its start; and statements that count as no writes, wherever they were. */
export async function mysqlChanges(container: ServiceContainer, databases: readonly string[]): Promise<Changes | undefined> {
  if (databases.length === 0) return undefined;
  const client = createMysqlClient(container);
  const what = 'Reading what was written';
  const schemas = databases.map(literal).join(', ');
  // A MariaDB, or an older server, has not all of these tables: it cannot tell.
  const asked = await client.run(['--batch', '--skip-column-names'], {
    input: `${['SELECT @@GLOBAL.pid_file', ...counted.map(([sql]) => sql)].join(';\n')};\n`,
  });
  const [pidFile = '', ...values] = asked.stdout.split('\n');
  if (asked.exitCode !== 0 || counted.some(([, value], index) => values[index] !== value)) return undefined;
  const boot = await container.exec(['sh', '-c', bootScript, 'sh', pidFile]);
  if (boot.exitCode !== 0) return undefined;
  const lines = await client.query(
    what,
    `SELECT HEX(OBJECT_SCHEMA), HEX(OBJECT_NAME), COUNT_WRITE FROM performance_schema.table_io_waits_summary_by_table WHERE OBJECT_TYPE = 'TABLE' AND COUNT_WRITE > 0 AND OBJECT_SCHEMA IN (${schemas}) ORDER BY 1, 2`,
  );
  const defined = await client.query(
    what,
    `SHOW GLOBAL STATUS WHERE Variable_name IN (${definitions.map((name) => `'${name}'`).join(', ')})`,
  );
  if (defined.length < definitions.length) return undefined;
  const names = databases.map((name) => Buffer.from(name).toString('hex')).join(' ');
  return {
    kind: 'mysql',
    databases: names,
    boot: boot.stdout,
    defined: defined.map((line) => line.split('\t')[1]).join(' '),
    writes: digestOf(Buffer.from(lines.join('\n'))),
  };
}

export async function mysqlChanged(container: ServiceContainer, before: Changes): Promise<Changed> {
  const now = await mysqlChanges(container, (before.databases ?? '').split(' ').map(unhex));
  if (!now || now.boot !== before.boot) return 'unknown';
  if (now.writes !== before.writes) return 'yes';
  // Elsewhere perhaps, or a table that lives as long as a session.
  return now.defined === before.defined ? 'no' : 'unknown';
}
