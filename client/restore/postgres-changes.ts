import { digestOf } from '../../core/digest.ts';
import type { ServiceContainer } from '../service-container.ts';
import type { Changed, Changes } from './changes.ts';
import { createPsql } from './postgres-psql.ts';

/**
 * Which server, and its next transaction id: whatever writes a row takes one, and only that, also over restarts. The counts of rows written tell a
 * change of data from maintenance, but reach the statistics late, so that they alone prove nothing.
 */
const question = `SELECT system_identifier FROM pg_control_system();
SELECT CASE WHEN current_setting('server_version_num')::int >= 130000 THEN 'pg_snapshot_xmax(pg_current_snapshot())' ELSE 'txid_snapshot_xmax(txid_current_snapshot())' END AS next \\gset
SELECT :next;
SELECT relid, n_tup_ins, n_tup_upd, n_tup_del, pg_relation_filenode(relid) FROM pg_stat_user_tables ORDER BY 1`;

export async function postgresChanges(container: ServiceContainer, database: string): Promise<Changes> {
  const [server = '', next = '', ...tables] = await createPsql(container).query('Reading what was written', database, question);
  return {
    kind: 'postgres',
    database: Buffer.from(database).toString('hex'),
    server,
    next,
    rows: digestOf(Buffer.from(tables.join('\n'))),
  };
}

export async function postgresChanged(container: ServiceContainer, before: Changes): Promise<Changed> {
  const now = await postgresChanges(container, Buffer.from(before.database ?? '', 'hex').toString());
  if (now.server === before.server && now.next === before.next) return 'no';
  return now.rows === before.rows ? 'unknown' : 'yes';
}
