-- What MariaDB has and MySQL has not, beside the types that break copies of both. For the mariadb client, with --binary-mode --comments.
-- What a version does not have yet stands in comments that begin with the first version that has it: vectors.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00';

CREATE DATABASE `a` CHARACTER SET latin1 COLLATE latin1_german1_ci;
CREATE DATABASE `a.b` CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_as_cs COMMENT 'it''s a database; \\';

CREATE SEQUENCE `a.b`.`s ``1` START WITH 5 MINVALUE -10 MAXVALUE 1000 INCREMENT BY 3 CACHE 7 CYCLE;
CREATE SEQUENCE `a`.downwards START WITH 100 INCREMENT BY -1 MINVALUE -5 MAXVALUE 100 NOCACHE;
CREATE SEQUENCE `a`.unused;
SELECT NEXTVAL(`a.b`.`s ``1`), NEXTVAL(`a.b`.`s ``1`), NEXTVAL(`a`.downwards);
SELECT SETVAL(`a.b`.`s ``1`, 500, 1);

-- Folders of one name, if dots were not told apart; a default that comes from a sequence of another database.
CREATE TABLE `a`.`b.c` (id INT NOT NULL DEFAULT NEXTVAL(`a.b`.`s ``1`) PRIMARY KEY, v VARCHAR(9));
CREATE TABLE `a.b`.`c` (id INT PRIMARY KEY, v VARCHAR(9));
INSERT INTO `a`.`b.c` VALUES (1, 'first');
INSERT INTO `a.b`.`c` VALUES (1, 'second'), (2, 'second');

USE `a.b`;
CREATE TABLE addresses (
  id UUID NOT NULL DEFAULT UUID() PRIMARY KEY, six INET6, four INET4, j JSON, short JSON DEFAULT '{"a": 1.10}'
  /*M!110700 , v VECTOR(3) NOT NULL, VECTOR INDEX (v) M = 8 DISTANCE = cosine */
);
INSERT INTO addresses VALUES
  ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329', '192.0.2.1', '{"a" :  1.10, "b":[-0.0]}', DEFAULT /*M!110700 , VEC_FROMTEXT('[1,-2.5,3.4e38]') */),
  ('00000000-0000-0000-0000-000000000000', '::', '0.0.0.0', NULL, NULL /*M!110700 , VEC_FROMTEXT('[0,0,0]') */),
  ('ffffffff-ffff-ffff-ffff-ffffffffffff', '::ffff:192.0.2.1', '255.255.255.255', 'null', '[]' /*M!110700 , VEC_FROMTEXT('[1,1e-30,1]') */),
  ('5c5c5c5c-5c5c-5c5c-5c5c-5c0a0d095c5c', '5c5c:5c5c:5c0a:d09:5c5c:5c5c:5c5c:5c5c', '10.92.9.13', '""', DEFAULT /*M!110700 , VEC_FROMTEXT('[1,2,3]') */);

CREATE TABLE numbers (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, b BIGINT UNSIGNED, b64 BIT(64), d DECIMAL(65,38), f FLOAT, fz FLOAT(9,3) ZEROFILL, r DOUBLE, y YEAR) AUTO_INCREMENT = 4711;
INSERT INTO numbers VALUES (0, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (-1, 18446744073709551615, 0xffffffffffffffff, -99999999999999999999999999.99999999999999999999999999999999999999, -3.402823466e38, 1.234, -1.7976931348623157e308, 0),
  (1, 0, 0x5c, 1e-38, 1 / 3, 99999.999, 0.1e0 + 0.2e0, 1901), (2, 9223372036854775808, 10, 0, 16777217, 0, 5e-324, 2155), (3, 1, 1, 1, 0, 0, 1e0 / 3, 1970);

CREATE TABLE times (id INT NOT NULL PRIMARY KEY, d DATE, dt DATETIME(6), ts TIMESTAMP(6) NULL, t TIME(6));
INSERT INTO times VALUES (1, NULL, NULL, NULL, NULL), (2, '0000-00-00', '0000-00-00', '0000-00-00', '-838:59:59.999999'), (3, '2024-02-31', '2021-02-30 00:00:00.000001', '1970-01-01 00:00:00.000001', '838:59:59.999999'),
  (4, '2024-00-00', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999999', '-00:00:00.000001');

CREATE TABLE choices (id INT NOT NULL PRIMARY KEY, e ENUM('', 'a', 'b,c', 'd\\e', '0', 'x''y', 'é') NULL, n ENUM('2', '1', '00') NOT NULL, s SET('x', 'y z', 'é', '0', 'w''w') NULL);
INSERT INTO choices VALUES (2, '', 1, ''), (3, 'a', 2, 'x,y z'), (4, 'b,c', 3, '0'), (5, 'd\\e', 1, 'é'), (6, '0', '2', 'w''w'), (7, 'é', 1, 31), (8, NULL, 1, 0);

CREATE TABLE texts (k VARCHAR(100) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, v TEXT COMPRESSED, b BLOB COMPRESSED, vb VARBINARY(300), c CHAR(9));
INSERT INTO texts VALUES ('', '', '', '', ''), ('\\N', '\\N', '\\N', '\\', 'NULL'), ('tab\t', '\t\n\r\0\\', '\0', REPEAT(0x5c00, 100), 'é'), ('🧪', REPEAT('long \\ 𝄞\t', 900), REPEAT(0xff0a, 9000), NULL, NULL);
INSERT INTO texts (k, vb) SELECT 'every byte', UNHEX(GROUP_CONCAT(LPAD(HEX(seq), 2, '0') ORDER BY seq SEPARATOR '')) FROM seq_0_to_255;

CREATE TABLE charsets (
  id INT NOT NULL PRIMARY KEY,
  armscii8 VARCHAR(9) CHARACTER SET armscii8, ascii VARCHAR(9) CHARACTER SET ascii, big5 VARCHAR(9) CHARACTER SET big5, bin VARCHAR(9) CHARACTER SET binary,
  cp1250 VARCHAR(9) CHARACTER SET cp1250, cp1251 VARCHAR(9) CHARACTER SET cp1251, cp1256 VARCHAR(9) CHARACTER SET cp1256, cp1257 VARCHAR(9) CHARACTER SET cp1257,
  cp850 VARCHAR(9) CHARACTER SET cp850, cp852 VARCHAR(9) CHARACTER SET cp852, cp866 VARCHAR(9) CHARACTER SET cp866, cp932 VARCHAR(9) CHARACTER SET cp932,
  dec8 VARCHAR(9) CHARACTER SET dec8, eucjpms VARCHAR(9) CHARACTER SET eucjpms, euckr VARCHAR(9) CHARACTER SET euckr,
  gb2312 VARCHAR(9) CHARACTER SET gb2312, gbk VARCHAR(9) CHARACTER SET gbk, geostd8 VARCHAR(9) CHARACTER SET geostd8, greek VARCHAR(9) CHARACTER SET greek,
  hebrew VARCHAR(9) CHARACTER SET hebrew, hp8 VARCHAR(9) CHARACTER SET hp8, keybcs2 VARCHAR(9) CHARACTER SET keybcs2, koi8r VARCHAR(9) CHARACTER SET koi8r,
  koi8u VARCHAR(9) CHARACTER SET koi8u, latin1 VARCHAR(9) CHARACTER SET latin1, latin2 VARCHAR(9) CHARACTER SET latin2, latin5 VARCHAR(9) CHARACTER SET latin5,
  latin7 VARCHAR(9) CHARACTER SET latin7, macce VARCHAR(9) CHARACTER SET macce, macroman VARCHAR(9) CHARACTER SET macroman, sjis VARCHAR(9) CHARACTER SET sjis,
  swe7 VARCHAR(9) CHARACTER SET swe7, tis620 VARCHAR(9) CHARACTER SET tis620, ucs2 VARCHAR(9) CHARACTER SET ucs2, ujis VARCHAR(9) CHARACTER SET ujis,
  utf16 VARCHAR(9) CHARACTER SET utf16, utf16le VARCHAR(9) CHARACTER SET utf16le, utf32 VARCHAR(9) CHARACTER SET utf32, utf8mb3 VARCHAR(9) CHARACTER SET utf8mb3,
  utf8mb4 VARCHAR(9) CHARACTER SET utf8mb4
);
INSERT IGNORE INTO charsets
  SELECT i, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, h, w, h, w, w, q, u, u
  FROM (SELECT seq AS i, UNHEX(LPAD(HEX(seq), IF(seq < 256, 2, 4), '0')) AS h, UNHEX(LPAD(HEX(seq), 4, '0')) AS w, UNHEX(LPAD(HEX(seq * 17), 8, '0')) AS q,
    IF(seq BETWEEN 0xd800 AND 0xdfff, '', CONVERT(UNHEX(LPAD(HEX(seq), 4, '0')) USING ucs2)) AS u FROM seq_0_to_65535 WHERE seq < 256 OR seq % 11 = 0) AS codes;

CREATE TABLE shapes (id INT NOT NULL PRIMARY KEY, g GEOMETRY, p POINT REF_SYSTEM_ID = 4326 NOT NULL, SPATIAL KEY (p));
INSERT INTO shapes VALUES (1, NULL, ST_GeomFromText('POINT(48.8566 2.3522)', 4326)), (2, ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))'), ST_GeomFromText('POINT(0 0)', 4326));

CREATE TABLE computed (
  id INT NOT NULL AUTO_INCREMENT, a INT INVISIBLE DEFAULT 4, b INT AS (id + 1) VIRTUAL, p INT AS (a * 2) PERSISTENT, note VARCHAR(60) DEFAULT CONCAT('it''s', CHAR(92), ';;'), at TIMESTAMP(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  u INT NOT NULL CHECK (u < 100), PRIMARY KEY (id), KEY down (note DESC), KEY looked_over (u) IGNORED, CONSTRAINT `check ``it's` CHECK (note <> ') CONSTRAINT x FOREIGN KEY (')
) COMMENT = 'it''s a table; with a \\ and a 名';
INSERT INTO computed (id, a, note, at, u) VALUES (0, 1, DEFAULT, NULL, 1), (-5, NULL, '', '2024-01-01 00:00:00.001', 2), (7, 0, 'x', '2024-01-01', 3);

CREATE TABLE bookings (room INT NOT NULL, since DATE NOT NULL, till DATE NOT NULL, PERIOD FOR stay (since, till), PRIMARY KEY (room, stay WITHOUT OVERLAPS));
INSERT INTO bookings VALUES (1, '2024-01-01', '2024-01-05'), (1, '2024-01-05', '2024-01-09'), (2, '2024-01-01', '2024-02-01');
CREATE TABLE heap_of_rows (a INT NULL, b VARCHAR(20) NULL);
INSERT INTO heap_of_rows SELECT IF(seq % 7, seq % 5, NULL), IF(seq % 3, 'same', NULL) FROM seq_1_to_5000;
CREATE TABLE in_aria (id INT NOT NULL PRIMARY KEY, t VARCHAR(9)) ENGINE = Aria TRANSACTIONAL = 1;
INSERT INTO in_aria VALUES (1, 'aria');
CREATE TABLE in_pages (id INT NOT NULL PRIMARY KEY, t TEXT) PAGE_COMPRESSED = 1;
INSERT INTO in_pages VALUES (1, REPEAT('page ', 5000));
CREATE TABLE by_range (id INT NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id) (PARTITION `p (0` VALUES LESS THAN (10), PARTITION `p``1` VALUES LESS THAN MAXVALUE);
INSERT INTO by_range VALUES (1), (10), (100);
CREATE TABLE egg (id INT NOT NULL PRIMARY KEY, hen INT NULL);
CREATE TABLE hen (id INT NOT NULL PRIMARY KEY, egg INT NULL, far INT NULL, CONSTRAINT `from ``egg,()` FOREIGN KEY (egg) REFERENCES egg (id) ON DELETE SET NULL, FOREIGN KEY (far) REFERENCES `a`.`b.c` (id));
ALTER TABLE egg ADD CONSTRAINT from_hen FOREIGN KEY (hen) REFERENCES hen (id);
INSERT INTO egg VALUES (1, NULL);
INSERT INTO hen VALUES (1, 1, 1);
UPDATE egg SET hen = 1;
