import mysql from 'mysql2/promise';

/** A text of half a kilobyte for each row, another one for each. @param code the expression of a letter's code, of the row's number divided */
export const halfKilobyte = (letter: (divisor: number) => string): string =>
  `CONCAT(${[1, 26, 676].map((divisor) => `REPEAT(${letter(divisor)}, 170)`).join(', ')})`;

/** Makes tables `id`, `body` of half a kilobyte a row. */
export async function fillMysqlBulk(
  server: { readonly port: number; readonly password: string },
  options: { readonly database: string; readonly tables: readonly string[]; readonly rows: number },
): Promise<void> {
  const { database, tables, rows } = options;
  const my = await mysql.createConnection({ host: '127.0.0.1', port: server.port, user: 'root', password: server.password });
  await my.query(`CREATE DATABASE ${database}`);
  await my.query(`SET SESSION cte_max_recursion_depth = ${rows}`);
  for (const table of tables) {
    await my.query(`CREATE TABLE ${database}.${table} (id INT PRIMARY KEY, body TEXT)`);
    await my.query(
      `INSERT INTO ${database}.${table} WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
       SELECT i, ${halfKilobyte((divisor) => `CHAR(97 + (i DIV ${divisor}) % 26)`)} FROM n`,
    );
  }
  await my.end();
}
