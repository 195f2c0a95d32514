-- The tables of the sample MySQL database `dynamease`.
-- The data is made up (see ../population.ts); the shapes are those of a telephony company's database.
-- View, trigger, function and event are in programs.sql: they are created after the rows are loaded.

CREATE TABLE offers (
  id TINYINT UNSIGNED NOT NULL,
  code ENUM('basic', 'avantage', 'privilege', 'integrale') NOT NULL,
  name VARCHAR(40) NOT NULL,
  monthly_price DECIMAL(8,2) NOT NULL,
  minute_price DECIMAL(7,5) NOT NULL COMMENT 'Price of one minute above the included ones, in euros',
  included_minutes SMALLINT UNSIGNED NULL COMMENT 'NULL: no limit',
  features SET('voicemail', 'recording', 'conference', 'mobile_app', 'calendar') NOT NULL,
  launched YEAR NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY offers_code (code)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COMMENT = 'Reference table: the four offers';

CREATE TABLE companies (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(120) NOT NULL,
  legal_name VARCHAR(120) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL,
  registration_number CHAR(14) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  domain VARCHAR(100) NOT NULL,
  offer_id TINYINT UNSIGNED NOT NULL,
  main_user_id BIGINT UNSIGNED NULL COMMENT 'The user who administers the account; closes a cycle with users.company_id',
  contact_email VARCHAR(254) NULL,
  phone VARCHAR(24) NULL,
  iban VARCHAR(34) NULL,
  street VARCHAR(120) NULL,
  postal_code VARCHAR(10) NULL,
  city VARCHAR(80) NULL,
  country CHAR(2) NOT NULL,
  opens_at TIME NULL,
  closes_at TIME NULL,
  rating DOUBLE NULL,
  is_active BIT(1) NOT NULL DEFAULT b'1',
  created_at DATETIME(6) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY companies_name (name),
  UNIQUE KEY companies_domain (domain),
  UNIQUE KEY companies_registration_number (registration_number)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE users (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  offer_id TINYINT UNSIGNED NOT NULL,
  company_id INT UNSIGNED NULL,
  login VARCHAR(64) NOT NULL,
  email VARCHAR(254) NOT NULL,
  first_name VARCHAR(80) NOT NULL,
  last_name VARCHAR(80) NOT NULL,
  full_name VARCHAR(161) GENERATED ALWAYS AS (CONCAT_WS(' ', first_name, last_name)) VIRTUAL,
  display_name VARCHAR(170) NULL,
  nickname VARCHAR(60) NULL,
  gender ENUM('f', 'm', 'x') NULL,
  phone VARCHAR(24) NULL,
  email_domain VARCHAR(254) GENERATED ALWAYS AS (LOWER(SUBSTRING_INDEX(email, '@', -1))) STORED,
  password_hash CHAR(60) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  birth_date DATE NULL,
  locale VARCHAR(10) NOT NULL,
  street VARCHAR(120) NULL,
  postal_code VARCHAR(10) NULL,
  city VARCHAR(80) NULL,
  country CHAR(2) NOT NULL,
  settings JSON NULL,
  notes TEXT NULL,
  avatar BLOB NULL,
  balance DECIMAL(12,2) NOT NULL DEFAULT 0.00,
  flags BIT(8) NOT NULL DEFAULT b'0',
  last_login_ip VARBINARY(16) NULL,
  last_login_at TIMESTAMP NULL,
  created_at DATETIME(6) NOT NULL,
  updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY users_login (login),
  UNIQUE KEY users_email (email),
  UNIQUE KEY users_phone (phone),
  KEY users_last_name (last_name),
  CONSTRAINT users_offer FOREIGN KEY (offer_id) REFERENCES offers (id),
  CONSTRAINT users_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE SET NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

ALTER TABLE companies
  ADD CONSTRAINT companies_offer FOREIGN KEY (offer_id) REFERENCES offers (id),
  ADD CONSTRAINT companies_main_user FOREIGN KEY (main_user_id) REFERENCES users (id) ON DELETE SET NULL;

CREATE TABLE employees (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id BIGINT UNSIGNED NOT NULL,
  company_id INT UNSIGNED NOT NULL,
  manager_id INT UNSIGNED NULL,
  employee_number VARCHAR(16) NOT NULL,
  title VARCHAR(80) NULL,
  hired_on DATE NOT NULL,
  salary DECIMAL(10,2) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY employees_user (user_id),
  UNIQUE KEY employees_number (employee_number),
  CONSTRAINT employees_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT employees_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE,
  CONSTRAINT employees_manager FOREIGN KEY (manager_id) REFERENCES employees (id) ON DELETE SET NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE contacts (
  owner_id BIGINT UNSIGNED NOT NULL,
  position SMALLINT UNSIGNED NOT NULL,
  name VARCHAR(160) NOT NULL,
  email VARCHAR(254) NULL,
  phone VARCHAR(24) NULL,
  company_name VARCHAR(120) NULL,
  birthday DATE NULL,
  comment TEXT NULL,
  is_favourite BIT(1) NOT NULL DEFAULT b'0',
  created_at DATETIME NOT NULL,
  PRIMARY KEY (owner_id, position),
  KEY contacts_phone (phone),
  CONSTRAINT contacts_owner FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE numbers (
  number VARCHAR(24) NOT NULL,
  assigned_on DATE NOT NULL,
  user_id BIGINT UNSIGNED NULL,
  company_id INT UNSIGNED NULL,
  kind ENUM('mobile', 'landline', 'voip') NOT NULL,
  label VARCHAR(60) NULL,
  released_on DATE NULL,
  monthly_cost DECIMAL(6,3) NOT NULL,
  PRIMARY KEY (number, assigned_on),
  CONSTRAINT numbers_owned CHECK (user_id IS NOT NULL OR company_id IS NOT NULL),
  CONSTRAINT numbers_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  CONSTRAINT numbers_company FOREIGN KEY (company_id) REFERENCES companies (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE devices (
  uuid BINARY(16) NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  os ENUM('android', 'ios', 'web') NOT NULL,
  os_version VARCHAR(20) NOT NULL,
  model VARCHAR(60) NULL,
  name VARCHAR(120) NULL COMMENT 'As the user named the device',
  push_token VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin NULL,
  latitude DOUBLE NULL,
  longitude DOUBLE NULL,
  last_seen_at DATETIME(3) NULL,
  PRIMARY KEY (uuid),
  CONSTRAINT devices_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE calendars (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id BIGINT UNSIGNED NOT NULL,
  name VARCHAR(120) NOT NULL,
  colour CHAR(7) NOT NULL,
  time_zone VARCHAR(40) NOT NULL,
  feed_url VARCHAR(400) NULL COMMENT 'Public feed; contains the percent-encoded e-mail of the user',
  is_default BIT(1) NOT NULL DEFAULT b'1',
  PRIMARY KEY (id),
  CONSTRAINT calendars_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE availability_rules (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  calendar_id INT UNSIGNED NOT NULL,
  starts_at TIME NOT NULL,
  ends_at TIME NOT NULL,
  weekdays BIT(7) NOT NULL COMMENT 'Lowest bit: Monday',
  priority TINYINT NOT NULL DEFAULT 0,
  rule JSON NOT NULL,
  valid_from DATE NOT NULL,
  valid_until DATE NULL,
  PRIMARY KEY (id),
  CONSTRAINT availability_rules_calendar FOREIGN KEY (calendar_id) REFERENCES calendars (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE calls (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  user_id BIGINT UNSIGNED NULL,
  direction ENUM('in', 'out', 'internal') NOT NULL,
  caller VARCHAR(24) NULL COMMENT 'NULL: number withheld',
  callee VARCHAR(24) NOT NULL,
  started_at DATETIME(6) NOT NULL,
  duration TIME NOT NULL,
  cost DECIMAL(10,5) NOT NULL,
  quality DOUBLE NULL COMMENT 'Mean opinion score, 1 to 5',
  sip_call_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  raw_header TEXT NULL COMMENT 'Transport headers as received; never names a person',
  recording VARBINARY(512) NULL,
  PRIMARY KEY (id),
  KEY calls_started_at (started_at),
  CONSTRAINT calls_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Written by the application and by hand; has no key, and the same line may occur more than once.
CREATE TABLE audit_log (
  logged_at DATETIME(3) NOT NULL,
  actor VARCHAR(254) NULL COMMENT 'E-mail of the user who acted; NULL: the system',
  action VARCHAR(40) NOT NULL,
  detail TEXT NULL,
  ip VARCHAR(45) NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- Values that break naive text formats. Nothing in it is about a person.
CREATE TABLE quirks (
  id INT NOT NULL,
  label VARCHAR(60) NULL,
  payload TEXT NULL,
  payload_latin1 VARCHAR(200) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL,
  payload_binary VARBINARY(512) NULL,
  padded CHAR(8) NOT NULL DEFAULT '',
  fixed_binary BINARY(8) NULL,
  long_text MEDIUMTEXT NULL,
  flags BIT(64) NULL,
  span TIME(3) NULL COMMENT 'May be negative or longer than a day',
  year_of YEAR NULL,
  ratio DOUBLE NULL,
  ratio_single FLOAT NULL,
  amount DECIMAL(38,10) NULL,
  signed_big BIGINT NULL,
  unsigned_big BIGINT UNSIGNED NULL,
  day_of DATE NULL,
  choice ENUM('', 'a', 'b,c', 'd\\e', 'é') NULL,
  choices SET('x', 'y', 'z') NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
