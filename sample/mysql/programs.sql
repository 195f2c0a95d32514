-- View, function, trigger and event of the sample database, created after the rows are loaded.

CREATE VIEW active_users AS
  SELECT u.id, u.login, u.email, u.full_name, o.name AS offer, c.name AS company
  FROM users u
  JOIN offers o ON o.id = u.offer_id
  LEFT JOIN companies c ON c.id = u.company_id
  WHERE u.last_login_at IS NOT NULL;

CREATE FUNCTION call_price(seconds INT UNSIGNED, minute_price DECIMAL(7,5)) RETURNS DECIMAL(10,5)
  DETERMINISTIC NO SQL
  COMMENT 'Price of a call; a minute begun is charged'
  RETURN CEIL(seconds / 60) * minute_price;

CREATE TRIGGER users_email_changed AFTER UPDATE ON users FOR EACH ROW
BEGIN
  IF NOT (OLD.email <=> NEW.email) THEN
    INSERT INTO audit_log (logged_at, actor, action, detail)
    VALUES (CURRENT_TIMESTAMP(3), NEW.email, 'email.changed', CONCAT('Login ', NEW.login, '; was ', OLD.email));
  END IF;
END;

-- The retention is long on purpose: the event must not change the sample data while tests read it.
CREATE EVENT purge_audit_log
  ON SCHEDULE EVERY 1 DAY STARTS '2024-01-01 03:00:00'
  ON COMPLETION PRESERVE
  COMMENT 'Removes audit lines older than the legal retention'
  DO DELETE FROM audit_log WHERE logged_at < CURRENT_TIMESTAMP - INTERVAL 30 YEAR;
