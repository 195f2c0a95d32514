import { Readable } from 'node:stream';
import type { Connection, ResultSetHeader } from 'mysql2/promise';
import { bulkText, type Cell, rowsOf } from '../../sample/bulk-text.ts';
import { address, ascii, below, first, last, phone, two } from '../made-up.ts';

// A telephony company's database of a size where speed matters: 8 million rows, about 850 MB as SQL text. Everybody in it is made up.

export const database = 'large';

const schema = `
CREATE TABLE users (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  login VARCHAR(40) NOT NULL, email VARCHAR(120) NOT NULL, phone VARCHAR(20) NOT NULL, display_name VARCHAR(80) NOT NULL,
  birth_date DATE NOT NULL, balance DECIMAL(12,2) NOT NULL, score DOUBLE NOT NULL, status ENUM('active','locked','gone') NOT NULL,
  created_at DATETIME NOT NULL,
  UNIQUE KEY by_email (email), KEY by_created (created_at)
) DEFAULT CHARSET=utf8mb4;
CREATE TABLE contacts (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT UNSIGNED NOT NULL, name VARCHAR(80) NOT NULL, email VARCHAR(120) NULL, phone VARCHAR(20) NOT NULL,
  kind ENUM('private','work','other') NOT NULL, is_favourite BOOLEAN NOT NULL, position SMALLINT NOT NULL, created_at DATETIME NOT NULL,
  KEY by_user (user_id, position)
) DEFAULT CHARSET=utf8mb4;
CREATE TABLE calls (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id BIGINT UNSIGNED NOT NULL, caller VARCHAR(20) NOT NULL, callee VARCHAR(20) NOT NULL, direction ENUM('in','out') NOT NULL,
  started_at DATETIME(3) NOT NULL, duration INT UNSIGNED NOT NULL, cost DECIMAL(10,4) NOT NULL, quality FLOAT NULL, trace CHAR(24) NOT NULL,
  KEY by_user (user_id, started_at)
) DEFAULT CHARSET=utf8mb4`;

/** Six keyed columns; a name that follows the address of its row is not counted. */
export const policy = `
version: 1
country: FR
sources:
  mysql:
    comments: drop
    defaults: { keep: ["*"] }
    tables:
      users:
        keep: [id, birth_date, balance, score, status, created_at]
        columns:
          login: { token: { form: hex, length: 20 } }
          email: email
          phone: phone
          display_name: { full-name: { of: email } }
      contacts:
        keep: [id, user_id, kind, is_favourite, position, created_at]
        columns:
          name: { full-name: { of: email } }
          email: email
          phone: phone
      calls:
        keep: [id, user_id, callee, direction, started_at, duration, cost, quality, trace]
        columns:
          caller: phone
`;

const date = (row: number, salt: number, year: number, years: number): string =>
  `${year + below(years, row, salt)}-${two(1 + below(12, row, salt + 1))}-${two(1 + below(28, row, salt + 2))}`;
const time = (row: number, salt: number): string =>
  `${two(below(24, row, salt))}:${two(below(60, row, salt + 1))}:${two(below(60, row, salt + 2))}`;

type Table = { readonly name: string; readonly share: number; readonly row: (index: number, users: number) => readonly Cell[] };

const tables: readonly Table[] = [
  {
    name: 'users',
    share: 1 / 8,
    row: (n) => [
      n + 1,
      `${ascii(first(n, 1))}${n}`,
      address(n, 1, n),
      phone(n, 4),
      `${first(n, 1)} ${last(n, 2)}`,
      date(n, 6, 1950, 55),
      `${below(100_000, n, 9)}.${two(below(100, n, 10))}`,
      below(1_000_000, n, 11) / 7,
      ['active', 'locked', 'gone'][below(3, n, 12)] as string,
      `${date(n, 13, 2015, 10)} ${time(n, 16)}`,
    ],
  },
  {
    name: 'contacts',
    share: 3 / 8,
    row: (n, users) => [
      n + 1,
      1 + below(users, n, 20),
      `${first(n, 21)} ${last(n, 22)}`,
      below(5, n, 23) === 0 ? null : address(n, 21, below(users, n, 24)),
      phone(n, 25),
      ['private', 'work', 'other'][below(3, n, 27)] as string,
      below(2, n, 28),
      below(200, n, 29),
      `${date(n, 30, 2015, 10)} ${time(n, 33)}`,
    ],
  },
  {
    name: 'calls',
    share: 4 / 8,
    row: (n, users) => [
      n + 1,
      1 + below(users, n, 40),
      phone(below(users, n, 41), 4),
      `0${String(800_000_000 + below(1000, n, 42))}`,
      below(2, n, 44) === 0 ? 'in' : 'out',
      `${date(n, 45, 2022, 3)} ${time(n, 48)}.${String(below(1000, n, 51)).padStart(3, '0')}`,
      below(7200, n, 52),
      `${below(10, n, 53)}.${String(below(10_000, n, 54)).padStart(4, '0')}`,
      below(10, n, 55) === 0 ? null : below(500, n, 56) / 100,
      `${below(0x1000000, n, 57).toString(16).padStart(6, '0')}${below(0x1000000, n, 58).toString(16).padStart(6, '0')}-${String(n).padStart(11, '0')}`,
    ],
  },
];

/** Makes the database anew, with `rows` rows in all. Needs `local_infile`. */
export async function fillLargeDatabase(connection: Connection, rows: number, log: (line: string) => void): Promise<void> {
  await connection.query(`DROP DATABASE IF EXISTS ${database}`);
  await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  await connection.query(`USE ${database}`);
  await connection.query('SET sql_log_bin = 0, unique_checks = 0, foreign_key_checks = 0');
  for (const statement of schema.split(';\n')) await connection.query(statement);
  const users = Math.round(rows / 8);
  for (const { name, share, row } of tables) {
    const count = Math.round(rows * share);
    const [loaded] = await connection.query<ResultSetHeader>({
      sql: `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${name} CHARACTER SET utf8mb4`,
      infileStreamFactory: () => Readable.from(bulkText(rowsOf(count, (index) => row(index, users)))),
    });
    if (loaded.affectedRows !== count || loaded.warningStatus !== 0)
      throw new Error(`${name}: ${loaded.affectedRows} of ${count} rows, ${loaded.warningStatus} warnings`);
    log(`${name}: ${count} rows`);
  }
  for (const { name } of tables) await connection.query(`ANALYZE TABLE ${name}`);
}
