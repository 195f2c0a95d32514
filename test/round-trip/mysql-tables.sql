-- Tables that break copies of MySQL databases. Three databases, whose names and tables collide where names are only joined with dots.
-- For the mysql client, with --binary-mode --comments.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', cte_max_recursion_depth = 100000;

CREATE DATABASE `a` CHARACTER SET latin1 COLLATE latin1_german1_ci;
CREATE DATABASE `a.b` CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_as_cs;
CREATE DATABASE `näme "q'uo``t.e % ;; \ 名` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Folders of one name, if dots were not told apart.
CREATE TABLE `a`.`b.c` (id INT PRIMARY KEY, v VARCHAR(9));
CREATE TABLE `a.b`.`c` (id INT PRIMARY KEY, v VARCHAR(9));
INSERT INTO `a`.`b.c` VALUES (1, 'first');
INSERT INTO `a.b`.`c` VALUES (1, 'second'), (2, 'second');

USE `a.b`;

CREATE TABLE numbers (
  id INT NOT NULL PRIMARY KEY,
  t TINYINT, tu TINYINT UNSIGNED, s SMALLINT, m MEDIUMINT, mu MEDIUMINT UNSIGNED, i INT, iz INT(9) UNSIGNED ZEROFILL, b BIGINT, bu BIGINT UNSIGNED,
  flag BOOLEAN, bit1 BIT(1), bit9 BIT(9), bit64 BIT(64),
  d0 DECIMAL(65,0), d30 DECIMAL(65,30), du DECIMAL(10,2) UNSIGNED, dz DECIMAL(10,2) ZEROFILL,
  f FLOAT, fu FLOAT UNSIGNED, f73 FLOAT(7,3), r DOUBLE, r102 DOUBLE(10,2), rz DOUBLE ZEROFILL, y YEAR
);
INSERT INTO numbers VALUES
  (0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (-1, -128, 0, -32768, -8388608, 0, -2147483648, 0, -9223372036854775808, 0, FALSE, 0, 0, 0,
   -99999999999999999999999999999999999999999999999999999999999999999, -99999999999999999999999999999999999.999999999999999999999999999999, 0, 0,
   -3.402823466e38, 0, -1234.567, -1.7976931348623157e308, -99999999.99, 0, 0),
  (1, 127, 255, 32767, 8388607, 16777215, 2147483647, 999999999, 9223372036854775807, 18446744073709551615, TRUE, 1, 0x1ff, 0xffffffffffffffff,
   99999999999999999999999999999999999999999999999999999999999999999, 99999999999999999999999999999999999.999999999999999999999999999999, 99999999.99, 99999999.99,
   3.402823466e38, 3.402823466e38, 9999.999, 1.7976931348623157e308, 99999999.99, 1e300, 2155),
  (2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 0x0a, 0, 0.000000000000000000000000000001, 0.01, 0.01,
   1.17549435e-38, 1e-45, 0.001, 2.2250738585072014e-308, 0.01, 0.1, 1901),
  (3, 0, 9, 13, 10, 92, 0, 1, 0, 0, 0, 0, 0x0d, 0x5c, 0, 0.1, 0, 0, -0e0, 0.1, 0.1, 4.9e-324, 0.1, 0.1, 1970),
  (4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x2f, 7, 0.3, 1, 1, 16777217, 0.3, 3.142, 0.1e0 + 0.2e0, 3.14, 9007199254740993, 2069),
  (5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7, 1, 1, 1, 1 / 3, 2 / 3, 1e3 / 3, -0e0, 1e5 / 3, 1e0 / 3, 2000);

CREATE TABLE times (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  d DATE, dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP NULL, ts3 TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  t TIME, t6 TIME(6)
) AUTO_INCREMENT = 4711;
INSERT INTO times VALUES
  (1, NULL, NULL, NULL, NULL, '2038-01-19 03:14:07.999', NULL, NULL),
  (2, '0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00', '-838:59:59', '-838:59:59'),
  (3, '2024-02-31', '2023-04-31 23:59:59', '2021-02-30 00:00:00.000001', '1970-01-01 00:00:01', '1970-01-01 00:00:01.001', '838:59:59', '838:59:59'),
  (4, '2024-00-00', '2024-02-00 00:00:00', '0000-00-01', '2024-03-31 02:30:00', '2024-10-27 02:30:00.5', '00:00:00', '-00:00:00.000001'),
  (5, '1000-01-01', '9999-12-31 23:59:59', '9999-12-31 23:59:59.999999', '2024-03-10 02:30:00', '2024-11-03 01:30:00.5', '-00:00:01', '25:00:00.5'),
  (6, '0001-01-01', '0001-01-01', '0001-01-01 00:00:00.5', '2016-12-31 23:59:59', '2001-09-09 01:46:40', '-25:00:00', '100:00:00');

CREATE TABLE choices (
  id INT NOT NULL PRIMARY KEY,
  e ENUM('', 'a', 'b,c', 'd\\e', '0', 'x''y', 'é', ' z') NULL,
  n ENUM('2', '1', '00', '10') NOT NULL,
  one ENUM('only') NOT NULL DEFAULT 'only',
  s SET('x', 'y z', 'é', '0', 'w''w', '1') NULL,
  s64 SET('01','02','03','04','05','06','07','08','09','10','11','12','13','14','15','16','17','18','19','20','21','22','23','24','25','26','27','28','29','30','31','32',
          '33','34','35','36','37','38','39','40','41','42','43','44','45','46','47','48','49','50','51','52','53','54','55','56','57','58','59','60','61','62','63','64')
);
INSERT INTO choices VALUES
  (1, 0, 0, 0, NULL, 0), (2, '', 1, 1, '', 18446744073709551615), (3, 'a', 2, 1, 'x,y z', 9223372036854775808), (4, 'b,c', 3, 1, '0', 1),
  (5, 'd\\e', 4, 1, 'é,1', 3), (6, '0', '2', 1, 'w''w', NULL), (7, 'x''y', '1', 1, 'x,y z,é,0,w''w,1', 0), (8, 'é', 1, 1, NULL, 0), (9, ' z', 1, 1, 1, 0), (10, NULL, 1, 1, 2, 0);

CREATE TABLE texts (
  k VARCHAR(760) COLLATE utf8mb4_bin NOT NULL,
  c CHAR(10), v VARCHAR(2000), tt TINYTEXT, tx TEXT, mt MEDIUMTEXT, lt LONGTEXT, n NCHAR(9), bn BINARY(5), vb VARBINARY(300), tb TINYBLOB, bl BLOB, mb MEDIUMBLOB, lb LONGBLOB,
  PRIMARY KEY (k)
);
INSERT INTO texts (k, c, v, tt, tx, mt, lt, n, bn, vb, tb, bl, mb, lb) VALUES
  ('', '', '', '', '', '', '', '', '', '', '', '', '', ''),
  ('\\N', '\\N', '\\N', '\\', '\\\\', 'NULL', '\\0', '\N', '\\N', '\\N', '\\N', 'NULL', '\0', '\0\0'),
  ('tab\t', 'a\tb', '\t', '\n', '\r', '\r\n', 'a\\\n', '\\t', '\t\n\r\0\\', '\\', '\\\\', '\r\n', '\\N\n', '\\'),
  ('nul\0', 'a\0b', '\0', '\0\0', 'x\0', '\Z', '\b', '\0', '\0\0\0\0\0', '\0', '\0a', 'a\0', '''', '"'),
  ('🧪', '👨‍👩‍👧', 'é é', '\u202e', '𝄞', '﻿bom', ';;', 'ünï', 0xfffefdfcfb, 0xff00, 0x80, 0xc3, 0xe29c, 0xf09f),
  (' lead', ' lead', 'trail ', '  ', ' ', 'trail\t', ';;\nSELECT 1;;\n', 'a', 'a', 'a ', ' ', '  ', 'x', 'y'),
  (REPEAT('名', 760), 'nulls', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (CONCAT(REPEAT('k', 759), 'é'), 'long', REPEAT('é\t', 999), REPEAT('\\', 255), REPEAT('\n', 60000), REPEAT('long \\ text 𝄞\t', 90000), REPEAT('\0', 300000), 'n', 'b', REPEAT('\0', 300), REPEAT('\\', 255),
   REPEAT(0xff, 60000), REPEAT(0x5c00, 100000), REPEAT(0x0a, 1000000));
INSERT INTO texts (k, vb) SELECT 'every byte', UNHEX(GROUP_CONCAT(LPAD(HEX(i), 2, '0') ORDER BY i SEPARATOR ''))
  FROM (WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 255) SELECT i FROM n) AS bytes;

-- Every character set, with every text of one byte and every eleventh of two that it takes. Those of Unicode take far more.
CREATE TABLE charsets (
  id INT NOT NULL PRIMARY KEY,
  armscii8 VARCHAR(9) CHARACTER SET armscii8, ascii VARCHAR(9) CHARACTER SET ascii, big5 VARCHAR(9) CHARACTER SET big5, bin VARCHAR(9) CHARACTER SET binary,
  cp1250 VARCHAR(9) CHARACTER SET cp1250, cp1251 VARCHAR(9) CHARACTER SET cp1251, cp1256 VARCHAR(9) CHARACTER SET cp1256, cp1257 VARCHAR(9) CHARACTER SET cp1257,
  cp850 VARCHAR(9) CHARACTER SET cp850, cp852 VARCHAR(9) CHARACTER SET cp852, cp866 VARCHAR(9) CHARACTER SET cp866, cp932 VARCHAR(9) CHARACTER SET cp932,
  dec8 VARCHAR(9) CHARACTER SET dec8, eucjpms VARCHAR(9) CHARACTER SET eucjpms, euckr VARCHAR(9) CHARACTER SET euckr, gb18030 VARCHAR(9) CHARACTER SET gb18030,
  gb2312 VARCHAR(9) CHARACTER SET gb2312, gbk VARCHAR(9) CHARACTER SET gbk, geostd8 VARCHAR(9) CHARACTER SET geostd8, greek VARCHAR(9) CHARACTER SET greek,
  hebrew VARCHAR(9) CHARACTER SET hebrew, hp8 VARCHAR(9) CHARACTER SET hp8, keybcs2 VARCHAR(9) CHARACTER SET keybcs2, koi8r VARCHAR(9) CHARACTER SET koi8r,
  koi8u VARCHAR(9) CHARACTER SET koi8u, latin1 VARCHAR(9) CHARACTER SET latin1, latin2 VARCHAR(9) CHARACTER SET latin2, latin5 VARCHAR(9) CHARACTER SET latin5,
  latin7 VARCHAR(9) CHARACTER SET latin7, macce VARCHAR(9) CHARACTER SET macce, macroman VARCHAR(9) CHARACTER SET macroman, sjis VARCHAR(9) CHARACTER SET sjis,
  swe7 VARCHAR(9) CHARACTER SET swe7, tis620 VARCHAR(9) CHARACTER SET tis620, ucs2 VARCHAR(9) CHARACTER SET ucs2, ujis VARCHAR(9) CHARACTER SET ujis,
  utf16 VARCHAR(9) CHARACTER SET utf16, utf16le VARCHAR(9) CHARACTER SET utf16le, utf32 VARCHAR(9) CHARACTER SET utf32, utf8mb3 VARCHAR(9) CHARACTER SET utf8mb3,
  utf8mb4 VARCHAR(9) CHARACTER SET utf8mb4
);
-- Bytes that are no text of a set are cut off with a warning.
INSERT IGNORE INTO charsets
  SELECT i, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, w, h, w, w, q, u, u
  FROM (SELECT i, UNHEX(LPAD(HEX(i), IF(i < 256, 2, 4), '0')) AS h, UNHEX(LPAD(HEX(i), 4, '0')) AS w, UNHEX(LPAD(HEX(i * 17), 8, '0')) AS q, IF(i BETWEEN 0xd800 AND 0xdfff, '', CONVERT(UNHEX(LPAD(HEX(i), 4, '0')) USING ucs2)) AS u
    FROM (WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 65535) SELECT i FROM n WHERE i < 256 OR i % 11 = 0) AS numbers) AS codes;
INSERT INTO charsets (id, gb18030, utf16, utf16le, utf32, utf8mb4) VALUES (-1, '🧪𝄞', '🧪𝄞', '🧪𝄞', '🧪𝄞', '🧪𝄞\U0010ffff');

CREATE TABLE fixed_texts (c CHAR(20) CHARACTER SET sjis, t TEXT CHARACTER SET gbk, m MEDIUMTEXT CHARACTER SET big5, l CHAR(4) CHARACTER SET utf16, UNIQUE KEY (c), KEY (t(9)));
INSERT INTO fixed_texts VALUES (0x5c5c8163, 0xa1a1815c, 0xa15a5c, 'x'), ('', '', '', ''), (NULL, NULL, NULL, NULL);

CREATE TABLE documents (id INT NOT NULL PRIMARY KEY, j JSON, named VARCHAR(20) GENERATED ALWAYS AS (j ->> '$.name') VIRTUAL, KEY many ((CAST(j -> '$.list' AS UNSIGNED ARRAY))), KEY (named));
INSERT INTO documents (id, j) VALUES (1, NULL), (2, 'null'), (3, '{}'), (4, '[]'), (5, '""'), (6, '"\\u0000\\n\\t\\\\\\"é🧪"'), (7, '{"name": "x\\\\N", "list": [1, 2, 18446744073709551615], "": {"a b": [[], {}, -1, true]}}'),
  (8, '[0.1, 1e300, -0.0, 1.7976931348623157e308, 5e-324, 9223372036854775807, -9223372036854775808]'), (9, '{"list": []}'), (10, CONCAT('["', REPEAT('x\\t', 50000), '"]'));

CREATE TABLE shapes (
  id INT NOT NULL PRIMARY KEY, g GEOMETRY, p POINT NOT NULL SRID 4326, l LINESTRING, poly POLYGON, mp MULTIPOINT, ml MULTILINESTRING, mpoly MULTIPOLYGON, gc GEOMETRYCOLLECTION, flat POINT SRID 0,
  SPATIAL KEY (p)
);
INSERT INTO shapes VALUES
  (1, NULL, ST_GeomFromText('POINT(48.8566 2.3522)', 4326), NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (2, ST_GeomFromText('POINT(1 2)', 3857), ST_GeomFromText('POINT(-90 180)', 4326), ST_GeomFromText('LINESTRING(0 0,1.1 1.1)'), ST_GeomFromText('POLYGON((0 0,10 0,10 10,0 10,0 0),(4 4,6 4,6 6,4 6,4 4))'),
   ST_GeomFromText('MULTIPOINT(0 0,1 1)'), ST_GeomFromText('MULTILINESTRING((0 0,1 1),(2 2,3 3))'), ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))'),
   ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))'), ST_GeomFromText('POINT(1e300 -1e-300)')),
  (3, ST_GeomFromText('GEOMETRYCOLLECTION EMPTY'), ST_GeomFromText('POINT(0 0)', 4326), NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE vectors (id INT NOT NULL PRIMARY KEY, v VECTOR(3), big VECTOR);
INSERT INTO vectors VALUES (1, STRING_TO_VECTOR('[1,-2.5,3.4e38]'), STRING_TO_VECTOR('[0]')), (2, NULL, STRING_TO_VECTOR(CONCAT('[1e-30', REPEAT(',0.1', 2000), ']')));

-- Defaults by expression, generated and invisible columns, checks.
CREATE TABLE computed (
  id INT NOT NULL AUTO_INCREMENT,
  uid BINARY(16) NOT NULL DEFAULT (UUID_TO_BIN(UUID())),
  note VARCHAR(60) DEFAULT 'it''s \\ a "default"; -- ,) \n\t',
  made VARCHAR(60) DEFAULT (CONCAT('x''', _latin1 0xe9, '\\', "y", CHAR(39))),
  tags JSON DEFAULT (JSON_ARRAY('a', JSON_OBJECT('b', 1))),
  price DECIMAL(9,3) NOT NULL DEFAULT 0.125,
  gross DECIMAL(12,3) AS (price * 1.2) STORED,
  label VARCHAR(80) AS (CONCAT(note, ' (', id_text, ')')) VIRTUAL,
  id_text VARCHAR(12) NOT NULL DEFAULT '' INVISIBLE,
  at TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6) INVISIBLE,
  bits BIT(3) DEFAULT b'101',
  PRIMARY KEY (id DESC, price),
  UNIQUE KEY stored_key (gross, id),
  KEY functional ((LOWER(note)), (price * 2) DESC),
  KEY prefix (note(7), id_text(3) DESC),
  KEY hidden (price) INVISIBLE COMMENT 'of an index',
  CONSTRAINT `check ``it's` CHECK (price >= 0 AND note <> ') CONSTRAINT x FOREIGN KEY ('),
  CONSTRAINT lax CHECK (price < 0) NOT ENFORCED
) COMMENT = 'it''s a table; with a \\ and a 名';
INSERT INTO computed (id, uid, note, price, id_text, at) VALUES (0, 0x00, 'zero', 0, '', NULL), (-5, 0x5c, DEFAULT, 1.005, 'five', '2024-01-01 00:00:00.000001'), (7, 0xff, '', 99, 'seven', '2024-01-01');
ALTER TABLE computed AUTO_INCREMENT = 1000;

-- No key, and rows that are the same.
CREATE TABLE heap_of_rows (a INT NULL, b VARCHAR(20) NULL, c TEXT);
INSERT INTO heap_of_rows WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 4999) SELECT IF(i % 7, i % 5, NULL), IF(i % 3, 'same', NULL), REPEAT('z', i % 400) FROM n;
CREATE TABLE only_nullable_key (a INT NULL, b INT NULL, UNIQUE KEY (a), UNIQUE KEY (b, a));
INSERT INTO only_nullable_key VALUES (NULL, NULL), (NULL, NULL), (1, NULL), (2, 2), (NULL, 1), (NULL, 1);
CREATE TABLE generated_key (a INT NOT NULL, k INT AS (a * 2) STORED NOT NULL, PRIMARY KEY (k));
INSERT INTO generated_key (a) VALUES (1), (2), (3);
CREATE TABLE huge_key (a VARBINARY(3072) NOT NULL, v INT, PRIMARY KEY (a));
INSERT INTO huge_key VALUES ('', 0), (REPEAT(0x00, 3072), 1), (REPEAT(0xff, 3071), 2), (REPEAT(0x5c, 3072), 3);
CREATE TABLE composite (a VARCHAR(100) COLLATE utf8mb4_0900_ai_ci NOT NULL, b DATETIME(3) NOT NULL, c DECIMAL(40,10) NOT NULL, d BINARY(4) NOT NULL, e ENUM('x','y') NOT NULL, v INT, PRIMARY KEY (c, a, e, d, b));
INSERT INTO composite VALUES ('É', '0000-00-00', -1e20, 0x00000000, 'y', 1), ('f', '9999-12-31 23:59:59.999', 1e20, 0xffffffff, 'x', 2), ('', '2024-02-30', 0, 0x00, 0, 3);
CREATE TABLE unsigned_key (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 18446744073709551614;
INSERT INTO unsigned_key VALUES (0), (9223372036854775808), (18446744073709551613);
CREATE TABLE never_filled (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 77;

-- How rows are stored.
CREATE TABLE compressed (id INT NOT NULL PRIMARY KEY, t TEXT, FULLTEXT KEY words (t) WITH PARSER ngram) ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 4 STATS_PERSISTENT = 0;
INSERT INTO compressed VALUES (1, REPEAT('word ', 5000)), (2, NULL);
CREATE TABLE redundant (id INT NOT NULL PRIMARY KEY, t CHAR(200)) ROW_FORMAT = REDUNDANT;
INSERT INTO redundant VALUES (1, 'x');
CREATE TABLE worded (FTS_DOC_ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, a VARCHAR(99), b TEXT, FULLTEXT KEY (a, b), FULLTEXT KEY (b));
INSERT INTO worded (a, b) VALUES ('one', 'two words'), (NULL, 'three');
CREATE TABLE by_range (id INT NOT NULL, at TIMESTAMP NOT NULL DEFAULT '2024-01-01 00:00:00', v VARCHAR(9), PRIMARY KEY (id, at))
  PARTITION BY RANGE (UNIX_TIMESTAMP(at)) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 (
    PARTITION `p (0` VALUES LESS THAN (UNIX_TIMESTAMP('2024-01-01 00:00:00')) COMMENT = 'first; '')', PARTITION `p``1` VALUES LESS THAN MAXVALUE);
INSERT INTO by_range VALUES (1, '2023-06-01', 'old'), (2, '2024-06-01', 'new'), (1, '2024-06-01', 'new');
CREATE TABLE by_list (region VARCHAR(9) COLLATE utf8mb4_0900_ai_ci NOT NULL, n INT) PARTITION BY LIST COLUMNS (region) (PARTITION west VALUES IN ('é''', 'w,)'), PARTITION east VALUES IN ('', 'ost'));
INSERT INTO by_list VALUES ('é''', 1), ('w,)', 2), ('', 3), ('ost', 4), ('', 3);
CREATE TABLE by_key (id BINARY(4) NOT NULL, n INT AS (LENGTH(id)) STORED, PRIMARY KEY (id)) PARTITION BY LINEAR KEY ALGORITHM = 2 (id) PARTITIONS 5;
INSERT INTO by_key (id) VALUES (0x01), (0x02), (0x5c0a0900), (0xffffffff);
CREATE TABLE in_myisam (id INT NOT NULL, sub INT NOT NULL AUTO_INCREMENT, t VARCHAR(9), PRIMARY KEY (id, sub)) ENGINE = MyISAM;
INSERT INTO in_myisam VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c');
CREATE TABLE in_memory (id INT NOT NULL PRIMARY KEY, t VARCHAR(9), KEY (t) USING BTREE) ENGINE = MEMORY MAX_ROWS = 100;
INSERT INTO in_memory VALUES (1, 'm');
CREATE TABLE in_csv (a INT NOT NULL, b VARCHAR(20) NOT NULL) ENGINE = CSV;
INSERT INTO in_csv VALUES (1, '"q",\\'), (1, '"q",\\');
CREATE TABLE in_archive (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, t VARCHAR(20)) ENGINE = ARCHIVE;
INSERT INTO in_archive VALUES (1, 'kept'), (2, NULL);
CREATE TABLE in_blackhole (id INT) ENGINE = BLACKHOLE;
INSERT INTO in_blackhole VALUES (1);

-- Foreign keys: to itself, in a circle, to another database, to a table of an awkward name, of several columns.
USE `näme "q'uo``t.e % ;; \ 名`;
CREATE TABLE `t.a;b``l"e '\ %41` (`id "``.;\ %` INT NOT NULL PRIMARY KEY, `\` INT, ` x` VARCHAR(9) DEFAULT ';;', `select` INT, `ⓔ` INT AS (`\` + 1) VIRTUAL, KEY `k``;;` (`select`));
INSERT INTO `t.a;b``l"e '\ %41` (`id "``.;\ %`, `\`, ` x`, `select`) VALUES (1, 2, DEFAULT, 3), (2, NULL, '\\', NULL);
CREATE TABLE `éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé` (`ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé名` INT NOT NULL PRIMARY KEY);
INSERT INTO `éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé` VALUES (1);
CREATE TABLE `ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééée` (id INT NOT NULL PRIMARY KEY);
INSERT INTO `ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééée` VALUES (1), (2);
CREATE TABLE tree (id INT NOT NULL PRIMARY KEY, parent INT NULL, CONSTRAINT `own ``,()` FOREIGN KEY (parent) REFERENCES tree (id) ON DELETE CASCADE ON UPDATE NO ACTION);
INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2);
UPDATE tree SET parent = 3 WHERE id = 1;
CREATE TABLE egg (id INT NOT NULL, part CHAR(2) NOT NULL, hen INT NULL, PRIMARY KEY (id, part));
CREATE TABLE hen (id INT NOT NULL PRIMARY KEY, egg_id INT NULL, egg_part CHAR(2) NULL, odd INT NULL, far INT NULL,
  CONSTRAINT from_egg FOREIGN KEY (egg_id, egg_part) REFERENCES egg (id, part) ON DELETE SET NULL,
  FOREIGN KEY (odd) REFERENCES `t.a;b``l"e '\ %41` (`id "``.;\ %`), FOREIGN KEY (far) REFERENCES `a`.`b.c` (id) ON UPDATE CASCADE);
ALTER TABLE egg ADD CONSTRAINT from_hen FOREIGN KEY (hen) REFERENCES hen (id);
SET foreign_key_checks = 0;
INSERT INTO egg VALUES (1, 'a', 1), (1, 'b', NULL);
INSERT INTO hen VALUES (1, 1, 'a', 2, 1), (2, NULL, NULL, NULL, NULL);
SET foreign_key_checks = 1;
-- And back, so that no order of databases is right.
ALTER TABLE `a`.`b.c` ADD to_tree INT NULL, ADD CONSTRAINT back FOREIGN KEY (to_tree) REFERENCES `näme "q'uo``t.e % ;; \ 名`.tree (id);
UPDATE `a`.`b.c` SET to_tree = 2;
