import { describe, expect, it } from 'vitest';
import { splitForeignKeys, withoutComments, withoutStorage } from '../../builder/mysql/create-table.ts';
import { withoutDefiner } from '../../builder/mysql/programs.ts';

describe('foreign keys', () => {
  it('are taken out of the table and nothing else is', () => {
    const create = [
      'CREATE TABLE `odd (name` (',
      "  `id` int NOT NULL DEFAULT '1' COMMENT 'a, b) CONSTRAINT `x` FOREIGN KEY (it''s not) \\' ,',",
      "  `kind` enum('a,b','c)') DEFAULT NULL,",
      '  `parent` int DEFAULT NULL,',
      '  PRIMARY KEY (`id`),',
      '  KEY `k` (`parent`,`kind`),',
      '  CONSTRAINT `own ``key` FOREIGN KEY (`parent`) REFERENCES `odd (name` (`id`) ON DELETE SET NULL,',
      '  CONSTRAINT `positive` CHECK ((`id` > 0))',
      ') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4',
    ].join('\n');
    const split = splitForeignKeys(create);
    expect(split.constraints).toEqual(['CONSTRAINT `own ``key` FOREIGN KEY (`parent`) REFERENCES `odd (name` (`id`) ON DELETE SET NULL']);
    expect(split.create).toBe(
      create.replace('  CONSTRAINT `own ``key` FOREIGN KEY (`parent`) REFERENCES `odd (name` (`id`) ON DELETE SET NULL,\n', ''),
    );
  });

  it('at the end leave no comma behind', () => {
    const split = splitForeignKeys(
      'CREATE TABLE `t` (\n  `a` int,\n  CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `u` (`a`)\n) ENGINE=InnoDB',
    );
    expect(split.create).toBe('CREATE TABLE `t` (\n  `a` int\n) ENGINE=InnoDB');
  });
});

describe('definers', () => {
  it.each([
    ['CREATE DEFINER=`root`@`%` TRIGGER `t` BEFORE INSERT', 'CREATE TRIGGER `t` BEFORE INSERT'],
    [
      'CREATE ALGORITHM=UNDEFINED DEFINER=`a``b`@`h` SQL SECURITY DEFINER VIEW `v` AS select 1',
      'CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 1',
    ],
    ['CREATE DEFINER="a ""b"@"h" PROCEDURE "p"() SELECT 1', 'CREATE PROCEDURE "p"() SELECT 1'],
    ['CREATE DEFINER=`a role` PROCEDURE `p`() SELECT 1', 'CREATE PROCEDURE `p`() SELECT 1'],
    [
      'CREATE FUNCTION `f`() RETURNS text RETURN "CREATE DEFINER=`x`@`y`"',
      'CREATE FUNCTION `f`() RETURNS text RETURN "CREATE DEFINER=`x`@`y`"',
    ],
  ])('are stripped from %s', (create, expected) => {
    expect(withoutDefiner(create)).toBe(expected);
  });
});

it('comments of columns, indexes, partitions and the table are taken out, and nothing that only looks like one', () => {
  const create = [
    "CREATE TABLE `t COMMENT 'x'` (",
    "  `a` int DEFAULT NULL COMMENT 'it''s Marie\\' COMMENT ',",
    "  `b` varchar(9) DEFAULT ' COMMENT ' COMMENT 'for Jean, (really)',",
    "  `c` enum('COMMENT','x') NOT NULL,",
    "  KEY `k` (`a`) COMMENT 'kept by Marie'",
    ") ENGINE=InnoDB COMMENT='of Marie'",
    "/*!50100 PARTITION BY RANGE (`a`) (PARTITION p0 VALUES LESS THAN (7) COMMENT = 'Marie' ENGINE = InnoDB) */",
  ].join('\n');
  expect(withoutComments(create)).toBe(
    [
      "CREATE TABLE `t COMMENT 'x'` (",
      '  `a` int DEFAULT NULL,',
      "  `b` varchar(9) DEFAULT ' COMMENT ',",
      "  `c` enum('COMMENT','x') NOT NULL,",
      '  KEY `k` (`a`)',
      ') ENGINE=InnoDB',
      '/*!50100 PARTITION BY RANGE (`a`) (PARTITION p0 VALUES LESS THAN (7) ENGINE = InnoDB) */',
    ].join('\n'),
  );
});

it('where and how the source stores a table or a database is taken out', () => {
  const create = [
    'CREATE TABLE `t` (',
    "  `a` varchar(40) DEFAULT ' ENCRYPTION=''Y''',",
    "  `TABLESPACE` int COMMENT ' DATA DIRECTORY=\\'x\\''",
    ") /*!50100 TABLESPACE `ts` */ ENGINE=InnoDB DATA DIRECTORY='/disk/2/' /*!80016 ENCRYPTION='Y' */",
    "/*!50100 PARTITION BY HASH (`a`) (PARTITION p0 DATA DIRECTORY = '/disk/3' ENGINE = InnoDB) */",
  ].join('\n');
  expect(withoutStorage(create)).toBe(
    create
      .replace(' TABLESPACE `ts`', '')
      .replace(" DATA DIRECTORY='/disk/2/'", '')
      .replace(" ENCRYPTION='Y' */", ' */')
      .replace(" DATA DIRECTORY = '/disk/3'", ''),
  );
  expect(withoutStorage("CREATE DATABASE `d` /*!80016 DEFAULT ENCRYPTION='Y' */")).toBe('CREATE DATABASE `d` /*!80016 */');
});
