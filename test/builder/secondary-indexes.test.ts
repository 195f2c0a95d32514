import { describe, expect, it } from 'vitest';
import { splitIndexes } from '../../builder/mysql/secondary-indexes.ts';

/** As SHOW CREATE TABLE prints it, with these definitions. */
const table = (definitions: readonly string[], options = ') ENGINE=InnoDB DEFAULT CHARSET=utf8mb4'): string =>
  `CREATE TABLE \`odd (KEY \`\`,\` (\n${definitions.map((definition) => `  ${definition}`).join(',\n')}\n${options}`;

describe('secondary indexes', () => {
  it('are taken out of the table and nothing else is, each as it was written', () => {
    const kept = [
      "`id` int NOT NULL AUTO_INCREMENT COMMENT 'a, b) ,\n  KEY `x` (`id`), it''s \\' KEY `y` (`id`)'",
      "`KEY ``k`` (` varchar(9) DEFAULT ',\n  UNIQUE KEY `u` (`id`)'",
      '`g` geometry NOT NULL /*!80003 SRID 4326 */',
      '`v` int GENERATED ALWAYS AS ((`id` + 1)) VIRTUAL',
      'PRIMARY KEY (`id` DESC,`KEY ``k`` (`)',
      "CONSTRAINT `KEY (` CHECK ((`KEY ``k`` (` <> _utf8mb4'),\\n  KEY `c` (`id`)'))",
    ];
    const indexes = [
      "UNIQUE KEY `u ``k,(` (`KEY ``k`` (`(3) DESC,`id`) USING BTREE COMMENT 'it''s, ) \\\\ \"'",
      'KEY `prefix` (`KEY ``k`` (`(7))',
      'KEY `functional` ((lower(`KEY ``k`` (`)),((`id` * 2)) DESC)',
      "KEY `many` ((cast(json_extract(`j`,_utf8mb4'$.a,)') as unsigned array)))",
      'KEY `hidden` (`v`) KEY_BLOCK_SIZE=4 /*!80000 INVISIBLE */',
      'SPATIAL KEY `where` (`g`)',
      'FULLTEXT KEY `words` (`KEY ``k`` (`) /*!50100 WITH PARSER `ngram` */ ',
    ];
    const [checks] = kept.slice(-1);
    const split = splitIndexes(table([...kept.slice(0, -1), ...indexes, checks ?? '']));
    expect(split.create).toBe(table(kept));
    expect(split.indexes).toEqual(indexes.map((index) => index.trim()));
  });

  it('at the end leave no comma behind', () => {
    expect(splitIndexes(table(['`a` int NOT NULL', 'PRIMARY KEY (`a`)', 'KEY `k` (`a`)']))).toEqual({
      create: table(['`a` int NOT NULL', 'PRIMARY KEY (`a`)']),
      indexes: ['KEY `k` (`a`)'],
    });
  });

  it('of partitions stay out of it', () => {
    const partitions =
      ") ENGINE=InnoDB\n/*!50100 PARTITION BY LIST COLUMNS(`a`) (PARTITION `KEY` VALUES IN (',\n  KEY `k` (`a`)') ENGINE = InnoDB) */";
    const split = splitIndexes(table(['`a` varchar(40) NOT NULL', 'KEY `k` (`a`)'], partitions));
    expect(split).toEqual({ create: table(['`a` varchar(40) NOT NULL'], partitions), indexes: ['KEY `k` (`a`)'] });
  });

  it('that are unique stay where there is no primary key, by which rows would be stored', () => {
    const unique = ['`a` int NOT NULL', '`b` int', 'UNIQUE KEY `u` (`a`)', 'UNIQUE KEY `n` (`b`)'];
    expect(splitIndexes(table([...unique, 'KEY `k` (`b`)']))).toEqual({ create: table(unique), indexes: ['KEY `k` (`b`)'] });
  });

  it('that are full-text stay where there are several, and the others do not', () => {
    const kept = ['`a` text', '`id` int NOT NULL', 'PRIMARY KEY (`id`)'];
    const words = ['FULLTEXT KEY `one` (`a`)', 'FULLTEXT KEY `two` (`a`)'];
    expect(splitIndexes(table([...kept, 'KEY `k` (`a`(9))', ...words]))).toEqual({
      create: table([...kept, ...words]),
      indexes: ['KEY `k` (`a`(9))'],
    });
  });

  it.each([
    [
      'an AUTO_INCREMENT column that is not first in the primary key',
      table(['`a` int NOT NULL', '`n` int NOT NULL AUTO_INCREMENT', 'PRIMARY KEY (`a`)', 'KEY `n` (`n`)', 'KEY `k` (`a`,`n`)']),
    ],
    ['an AUTO_INCREMENT column without a primary key', table(['`n` int NOT NULL AUTO_INCREMENT', 'KEY `n` (`n`)'])],
    ['another engine', table(['`a` int NOT NULL', 'PRIMARY KEY (`a`)', 'KEY `k` (`a`)'], ') ENGINE=MyISAM DEFAULT CHARSET=utf8mb4')],
    [
      'an engine that only its comment names',
      table(['`a` int NOT NULL', 'KEY `k` (`a`)'], ") ENGINE=MEMORY DEFAULT CHARSET=utf8mb4 COMMENT=') ENGINE=InnoDB'"),
    ],
    ['an index of another kind', table(['`v` vector(3) NOT NULL', 'VECTOR KEY `v` (`v`)', 'KEY `k` (`v`)'])],
    ['a period', table(['`a` date NOT NULL', '`b` date NOT NULL', 'KEY `k` (`a`)', 'PERIOD FOR `p` (`a`, `b`)'])],
    ['no indexes', table(['`a` int NOT NULL AUTO_INCREMENT', 'PRIMARY KEY (`a`)'])],
  ])('all stay with %s', (_what, create) => {
    expect(splitIndexes(create)).toEqual({ create, indexes: [] });
  });

  it('move though a text of a column says AUTO_INCREMENT', () => {
    const columns = ["`a` int NOT NULL DEFAULT '1' COMMENT ' AUTO_INCREMENT '", '`AUTO_INCREMENT` int'];
    expect(splitIndexes(table([...columns, 'KEY `k` (`a`)'])).indexes).toEqual(['KEY `k` (`a`)']);
  });
});
