import type { SourceContent, TableContent } from './data-image.ts';

/** A text with everything that an encoding can get wrong. */
export const awkwardText = 'tab\there, line\nbreak, back\\slash, quote \' " and 𝄞 中文 é';

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n');

/** `rows` in chunks of `chunkRows`, each row made from its number, counted from 1. */
export function chunksOf(rows: number, chunkRows: number, row: (id: number) => string): TableContent['chunks'] {
  const chunks: TableContent['chunks'][number][] = [];
  for (let start = 1; start <= rows; start += chunkRows) {
    const ids = Array.from({ length: Math.min(chunkRows, rows - start + 1) }, (_item, index) => start + index);
    chunks.push({ text: ids.map(row).join(''), rows: ids.length });
  }
  return chunks;
}

export const mysqlLoad = (table: string, columns: string): string =>
  `LOAD DATA LOCAL INFILE '/dev/stdin' INTO TABLE \`shop\`.\`${table}\` CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ${columns}`;

/** A MySQL database `shop` with indexes, a foreign key and a trigger that come after the rows. */
export function mysqlSource(options: {
  readonly customers: number;
  readonly chunkRows: number;
  readonly firstName?: string;
  /** False for a snapshot of version 1, which has no files of indexes. */
  readonly indexes?: boolean;
}): SourceContent {
  const { customers, chunkRows, firstName = awkwardText, indexes = true } = options;
  const filler = 'x'.repeat(60);
  return {
    name: 'main',
    kind: 'mysql',
    databases: [{ name: 'shop', create: 'CREATE DATABASE `shop` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci' }],
    before: [
      `DELIMITER ;;\nUSE shop;;\nCREATE TABLE customers (id INT NOT NULL PRIMARY KEY, name VARCHAR(200) NOT NULL, note TEXT NULL, photo BLOB NULL);;\nCREATE TABLE orders (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, customer_id INT NOT NULL, price DECIMAL(10,2) NOT NULL);;\nCREATE TABLE nothing (id INT PRIMARY KEY);;\n`,
    ],
    tables: [
      {
        schema: 'shop',
        name: 'customers',
        load: mysqlLoad('customers', '(id, name, note, @photo) SET photo = UNHEX(@photo)'),
        ...(indexes
          ? { indexes: 'DELIMITER ;;\nUSE shop;;\nALTER TABLE customers ADD KEY by_name (name), ADD KEY by_note (note(10) DESC);;\n' }
          : {}),
        chunks: chunksOf(
          customers,
          chunkRows,
          (id) =>
            `${id}\t${id === 1 ? escaped(firstName) : `name ${id}`}\t${id % 2 === 0 ? '\\N' : filler}\t${id % 3 === 0 ? '\\N' : '00FF0A09'}\n`,
        ),
      },
      {
        schema: 'shop',
        name: 'orders',
        load: mysqlLoad('orders', '(id, customer_id, price)'),
        chunks: chunksOf(10, 10, (id) => `${id - 1}\t${id}\t${id}.25\n`),
      },
      { schema: 'shop', name: 'nothing', load: mysqlLoad('nothing', '(id)'), chunks: [] },
    ],
    after: [
      `DELIMITER ;;\nUSE shop;;\nALTER TABLE orders ADD CONSTRAINT of_customer FOREIGN KEY (customer_id) REFERENCES customers (id);;\nCREATE TRIGGER upper_name BEFORE INSERT ON customers FOR EACH ROW BEGIN\n  SET NEW.name = UPPER(NEW.name);\n  SET NEW.note = 'by trigger';\nEND;;\n`,
    ],
  };
}

/** A PostgreSQL database `push` with a sequence and an index that come after the rows. */
export function postgresSource(options: { readonly installations: number }): SourceContent {
  return {
    name: 'push',
    kind: 'postgres',
    databases: [{ name: 'push', create: 'CREATE DATABASE "push" TEMPLATE template0 ENCODING \'UTF8\'' }],
    before: ['CREATE TABLE public.installation (id bigint NOT NULL, alias text, token bytea);\nCREATE SEQUENCE public.installation_seq;\n'],
    tables: [
      {
        schema: 'public',
        name: 'installation',
        load: 'COPY public.installation (id, alias, token) FROM STDIN',
        chunks: chunksOf(
          options.installations,
          1000,
          (id) => `${id}\t${id === 1 ? escaped(awkwardText) : id % 2 === 0 ? '\\N' : `alias${id}`}\t\\\\x00ff\n`,
        ),
      },
    ],
    after: ["ALTER TABLE public.installation ADD PRIMARY KEY (id);\nSELECT setval('public.installation_seq', 4711);\n"],
  };
}

export const ldapBase = 'dc=example,dc=test';

/** A directory of people below `ldapBase`. */
export function ldapSource(options: { readonly people: number; readonly base?: string }): SourceContent {
  const { people, base = ldapBase } = options;
  const head = `dn: ${base}\nobjectClass: top\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\ndn: ou=people,${base}\nobjectClass: organizationalUnit\nou: people\n\n`;
  const person = (id: number): string =>
    `dn: uid=u${id},ou=people,${base}\nobjectClass: inetOrgPerson\nuid: u${id}\ncn:: ${Buffer.from(`Zoë ${id}`).toString('base64')}\nsn: ${id}\n${id > 1 ? `manager: uid=u1,ou=people,${base}\n` : ''}\n`;
  return {
    name: 'directory',
    kind: 'ldap',
    databases: [{ name: base, create: '' }],
    tables: [{ schema: base, name: base, load: 'slapadd', chunks: [{ text: head, rows: 2 }, ...chunksOf(people, 100, person)] }],
  };
}

/** The service that takes {@link postgresSource}, for a compose file with the volume `push`. */
export const pushDbService = `  push-db:
    image: \${POSTGRES_IMAGE}
    labels: { dyn-data.source: push }
    environment: { POSTGRES_USER: push, POSTGRES_PASSWORD: geheim }
    volumes: ["push:/var/lib/postgresql"]
`;
