import type { Connection } from 'mysql2/promise';
import type { DefinitionsPlan, LiveDefinition } from '../../anonymizers/index.ts';
import { type ManifestSource, tableSegment } from '../../core/index.ts';
import type { SchemaFile, SchemaFiles } from '../extraction.ts';
import { quoteName } from './connection.ts';
import { splitForeignKeys, withoutArchiveCounter, withoutComments, withoutStorage } from './create-table.ts';
import { readTexts, shortDigest } from './definition-texts.ts';
import type { TableName } from './point.ts';
import { createReader, type Program, readPrograms } from './programs.ts';
import { splitIndexes } from './secondary-indexes.ts';
import { readSequences } from './sequences.ts';
import { readViews, refuseBrokenViews } from './views.ts';

/** The structure of one source's databases, as it is at the source; `files` is what of it goes into the snapshot. */
export type Definitions = {
  readonly databases: ManifestSource['databases'];
  readonly definitions: readonly LiveDefinition[];
  /**
   * What creates the tables empty before the rows, and everything that rests on tables after them.
   * @throws DynDataError SOURCE_UNSUPPORTED for a view that could not be made again.
   */
  files(plan: DefinitionsPlan): SchemaFiles;
};

/** @throws DynDataError SOURCE_PERMISSION_DENIED where the server hides the body of a routine. */
export async function readDefinitions(
  sourceName: string,
  connection: Connection,
  databases: readonly string[],
  tables: readonly TableName[],
): Promise<Definitions> {
  const reader = createReader(sourceName, connection);
  const created: ManifestSource['databases'] = [];
  /** Beside the tables, `comment` is what gives MariaDB's databases theirs. */
  const all = new Map<
    string,
    { readonly comment: readonly string[]; readonly tables: readonly Creation[]; readonly programs: readonly Program[] }
  >();
  for (const database of databases) {
    const [row] = await reader.rows(`SHOW CREATE DATABASE ${quoteName(database)}`, []);
    const create = withoutStorage(row?.['Create Database'] ?? `CREATE DATABASE ${quoteName(database)}`);
    const withoutComment = withoutComments(create);
    created.push({ name: database, create: withoutComment });
    const comment = create === withoutComment ? [] : [create.replace(/^CREATE/, 'ALTER')];
    const creations: Creation[] = [];
    for (const { name } of tables.filter(({ schema }) => schema === database)) {
      const shown = await reader.show('TABLE', database, name, 'Create Table');
      creations.push({ name, create: withoutArchiveCounter(withoutStorage(shown.create)) });
    }
    all.set(database, { comment, tables: creations, programs: await readPrograms(reader, database) });
  }
  const views = await readViews(reader, databases);
  const sequences = await readSequences(reader, databases);
  return {
    databases: created,
    definitions: [
      ...(await readTexts(connection, databases)),
      ...[...[...all.values()].flatMap(({ programs }) => programs), ...views].map(({ kind, name, statements }) => ({
        kind,
        name,
        digest: shortDigest(statements.join('\n')),
        droppable: true,
      })),
    ],
    files(plan) {
      const kept = <P extends Program>(programs: readonly P[]): P[] => programs.filter(({ name }) => !plan.drops(name));
      const keptViews = kept(views);
      refuseBrokenViews(sourceName, keptViews);
      const files = { before: [] as SchemaFile[], after: [] as SchemaFile[], indexes: [] as NonNullable<SchemaFiles['indexes']>[number][] };
      if (sequences.length > 0) files.before.push(sqlFile('sequences.sql', sequences));
      for (const [schema, { comment, tables: creations, programs }] of all) {
        const use = `USE ${quoteName(schema)}`;
        const bare: string[] = [];
        const foreignKeys: string[] = [];
        for (const { name, create } of creations) {
          const alter = (definitions: readonly string[]): string =>
            `ALTER TABLE ${quoteName(name)} ${definitions.map((definition) => `ADD ${definition}`).join(', ')}`;
          const { create: unbound, constraints } = splitForeignKeys(plan.comments === 'drop' ? withoutComments(create) : create);
          if (constraints.length > 0) foreignKeys.push(alter(constraints));
          const { create: table, indexes } = splitIndexes(unbound);
          bare.push(table);
          if (indexes.length === 0) continue;
          const file = sqlFile(`${tableSegment({ schema, name })}.indexes.sql`, [use, asLoaded, alter(indexes)]);
          files.indexes.push({ schema, name, file });
        }
        files.before.push(sqlFile(`${schema}.tables.sql`, [use, ...(plan.comments === 'drop' ? [] : comment), ...bare]));
        files.after.push(sqlFile(`${schema}.after.sql`, [use, ...foreignKeys, ...kept(programs).flatMap(({ statements }) => statements)]));
      }
      // Last and all in one: a view may read those of another database, and call routines.
      const statements = keptViews.flatMap((view) => view.statements);
      if (statements.length > 0) files.after.push(sqlFile('views.sql', statements));
      return files;
    },
  };
}

/** A table as the source makes it, without where it stores it. */
type Creation = { readonly name: string; readonly create: string };

/** Where the server copies the table to make its indexes, rows must pass as they did when they were loaded. */
const asLoaded = "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES'";

/**
 * Statements end at a line `;;`, since bodies hold semicolons. Foreign keys to a part of a key, which servers of before 8.4 made, are taken
 * by newer ones only when told so.
 */
function sqlFile(name: string, statements: readonly string[]): SchemaFile {
  const head = [
    'DELIMITER ;;',
    'SET NAMES utf8mb4;;',
    "SET SESSION sql_mode = '', foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00';;",
    '/*!80400 SET SESSION restrict_fk_on_non_standard_key = OFF */;;',
  ];
  return { name, text: `${[...head, ...statements.map((statement) => `${statement}\n;;`)].join('\n')}\n` };
}
