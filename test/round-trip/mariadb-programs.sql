-- Views, routines, packages, triggers and events of the hostile databases of MariaDB.

SET NAMES utf8mb4;
SET SESSION sql_mode = '', time_zone = '+00:00';
CREATE USER IF NOT EXISTS 'x'@'%' IDENTIFIED BY 'of the source';
GRANT ALL ON *.* TO 'x'@'%';
CREATE ROLE IF NOT EXISTS `a role`;
DELIMITER $$

USE `a.b`$$
CREATE DEFINER = 'x'@'%' FUNCTION unpredictable(x VARCHAR(20)) RETURNS VARCHAR(40) CHARSET utf8mb4
BEGIN
  -- It's a comment; with ;; and an open ` quote
  /* DELIMITER ;; */
  DECLARE y VARCHAR(40) DEFAULT ';;';
  RETURN CONCAT(x, y, RAND());
END$$
CREATE DEFINER = `a role` PROCEDURE by_role() SELECT 1$$
CREATE AGGREGATE FUNCTION total(x INT) RETURNS INT
BEGIN
  DECLARE t INT DEFAULT 0;
  DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN t;
  LOOP FETCH GROUP NEXT ROW; SET t = t + x; END LOOP;
END$$
SET SESSION sql_mode = 'ORACLE'$$
CREATE PACKAGE pack AS
  FUNCTION one RETURN INT;
END$$
CREATE PACKAGE BODY pack AS
  FUNCTION one RETURN INT AS BEGIN RETURN 1; END; -- it's ;;
END$$
CREATE PROCEDURE "oracle's"(a IN INT) AS BEGIN SELECT a || ';;'; END$$
SET SESSION sql_mode = '', collation_connection = utf8mb4_spanish_ci$$
CREATE FUNCTION spanish() RETURNS VARCHAR(40) CHARSET utf8mb4 DETERMINISTIC RETURN COLLATION('x')$$
SET NAMES utf8mb4$$

CREATE DEFINER = 'x'@'%' SQL SECURITY DEFINER VIEW z_first AS SELECT id, e, 'from `a`.`b` ''q'' ;;' AS t FROM choices$$
CREATE ALGORITHM = MERGE VIEW m_second AS SELECT z.*, c.v FROM z_first z LEFT JOIN `a`.`b.c` c USING (id) WHERE c.id > 0$$
CREATE VIEW calls AS SELECT unpredictable('x') AS u, z.id FROM z_first z$$
CREATE VIEW checked AS SELECT * FROM z_first WHERE id < 100 WITH CASCADED CHECK OPTION$$
CREATE VIEW `a`.`0 across` AS SELECT t.id FROM `a.b`.m_second t JOIN (`a.b`.hen h JOIN `a`.`b.c` bc ON bc.id = h.id) ON t.id = h.id$$

CREATE DEFINER = 'x'@'%' TRIGGER second_one BEFORE INSERT ON choices FOR EACH ROW SET NEW.id = NEW.id + 100$$
CREATE OR REPLACE TRIGGER `a first ``one` BEFORE INSERT ON choices FOR EACH ROW PRECEDES second_one
BEGIN
  -- what a restore must not run
  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'a trigger ran; ''twas too early';
END$$
SET SESSION time_zone = '+05:30'$$
CREATE DEFINER = 'x'@'%' EVENT `e ;; v` ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2037-01-01 03:00:00' ON COMPLETION PRESERVE COMMENT 'it''s; \\' DO BEGIN /* ;; */ DELETE FROM egg; END$$
