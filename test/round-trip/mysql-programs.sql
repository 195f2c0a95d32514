-- Views, routines, triggers and events of the hostile databases. Run after the tables, by whoever may name another definer.

SET NAMES utf8mb4;
SET SESSION sql_mode = '', time_zone = '+00:00';
-- Accounts of the source alone.
CREATE USER IF NOT EXISTS 'x'@'%' IDENTIFIED BY 'of the source', `of "the`` source`@`10.0.0.%` IDENTIFIED BY 'of the source';
GRANT ALL ON *.* TO 'x'@'%', `of "the`` source`@`10.0.0.%`;
SET GLOBAL log_bin_trust_function_creators = ON;
DELIMITER $$

USE `a.b`$$
CREATE DEFINER = `of "the`` source`@`10.0.0.%` FUNCTION unpredictable(x VARCHAR(20)) RETURNS VARCHAR(40) CHARSET utf8mb4
BEGIN
  -- It's a comment; with ;; and an open ` quote
  # and another "one
  /* DELIMITER ;; */
  DECLARE y VARCHAR(40) DEFAULT ';;'; /* no end
;;
  here */
  RETURN CONCAT(x, y, RAND());
END$$
SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'$$
CREATE DEFINER = 'nobody'@'nowhere' PROCEDURE "odd `name"(IN "p q" INT, OUT r TEXT)
  COMMENT 'it''s a comment'
  SQL SECURITY INVOKER
BEGIN
  SELECT "p q" || '\' || ';;' INTO r;
END$$
SET SESSION sql_mode = ''$$
-- The database had another collation when this was written: its parameter has it for ever.
ALTER DATABASE `a.b` COLLATE utf8mb4_hungarian_ci$$
CREATE FUNCTION older(p VARCHAR(9)) RETURNS INT DETERMINISTIC RETURN p = 'ö'$$
ALTER DATABASE `a.b` COLLATE utf8mb4_0900_as_cs$$
SET SESSION collation_connection = utf8mb4_spanish_ci$$
CREATE FUNCTION spanish() RETURNS VARCHAR(40) CHARSET utf8mb4 DETERMINISTIC RETURN COLLATION('x')$$
CREATE VIEW compares AS SELECT 'x' AS c, COLLATION('x') AS n$$
SET NAMES utf8mb4$$

-- Read in another order than their names', and across databases.
CREATE DEFINER = `x`@`%` SQL SECURITY DEFINER VIEW z_first AS SELECT id, e, 'from `a`.`b` ''q'' ;;' AS "text; here" FROM choices$$
CREATE ALGORITHM = MERGE VIEW m_second AS SELECT z.*, c.v FROM z_first z LEFT JOIN `a`.`b.c` c USING (id) WHERE c.id > 0$$
CREATE ALGORITHM = TEMPTABLE SQL SECURITY INVOKER VIEW `a.third` (`one .`, `two`) AS SELECT id, COUNT(*) FROM m_second GROUP BY id UNION ALL SELECT 1, (SELECT MAX(id) FROM z_first)$$
CREATE VIEW calls AS SELECT unpredictable('x') AS u$$
CREATE VIEW checked AS SELECT * FROM z_first WHERE id < 100 WITH CASCADED CHECK OPTION$$
CREATE VIEW windows AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i, ROW_NUMBER() OVER (ORDER BY i) AS r FROM n STRAIGHT_JOIN z_first$$
CREATE VIEW `a`.`0 across` AS SELECT t.`one .` FROM `a.b`.`a.third` t JOIN (`näme "q'uo``t.e % ;; \ 名`.tree tr JOIN `a`.`b.c` bc ON bc.id = tr.id) ON t.`one .` = tr.id$$

CREATE DEFINER = 'x'@'%' TRIGGER second_one BEFORE INSERT ON choices FOR EACH ROW SET NEW.id = NEW.id + 100$$
CREATE TRIGGER `a first ``one` BEFORE INSERT ON choices FOR EACH ROW PRECEDES second_one
BEGIN
  -- what a restore must not run
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a trigger ran; ''twas too early';
END$$
CREATE TRIGGER third AFTER UPDATE ON times FOR EACH ROW FOLLOWS_NOTHING: BEGIN END$$
USE `näme "q'uo``t.e % ;; \ 名`$$
CREATE TRIGGER `t;;r` AFTER DELETE ON `t.a;b``l"e '\ %41` FOR EACH ROW DELETE FROM `a.b`.heap_of_rows WHERE a = OLD.`select`$$
SET SESSION time_zone = '+05:30'$$
CREATE DEFINER = 'x'@'%' EVENT `e ;; v` ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2037-01-01 03:00:00' ENDS '2037-12-31 00:00:00' ON COMPLETION PRESERVE COMMENT 'it''s; \\' DO BEGIN /* ;; */ DELETE FROM tree; END$$
SET SESSION time_zone = 'SYSTEM'$$
CREATE EVENT once ON SCHEDULE AT '2037-06-01 00:00:00' DISABLE DO SELECT 1$$
