-- The schema of AeroGear UnifiedPush Server 2.5 as Hibernate (hbm2ddl=update) creates it on PostgreSQL.

CREATE SEQUENCE category_seq START WITH 1 INCREMENT BY 1;

CREATE TABLE push_application (
  id varchar(255) NOT NULL PRIMARY KEY,
  api_key varchar(255),
  description varchar(255),
  developer varchar(255),
  master_secret varchar(255),
  name varchar(255) NOT NULL
);

CREATE TABLE variant (
  variant_type varchar(31) NOT NULL,
  id varchar(255) NOT NULL PRIMARY KEY,
  api_key varchar(255),
  description varchar(255),
  developer varchar(255),
  name varchar(255),
  secret varchar(255),
  type int4 NOT NULL,
  push_application_id varchar(255),
  CONSTRAINT fk_variant_push_application FOREIGN KEY (push_application_id) REFERENCES push_application (id)
);

CREATE TABLE android_variant (
  google_key varchar(255) NOT NULL,
  project_number varchar(255),
  id varchar(255) NOT NULL PRIMARY KEY,
  CONSTRAINT fk_android_variant_variant FOREIGN KEY (id) REFERENCES variant (id)
);

CREATE TABLE ios_variant (
  cert_data varchar(100000) NOT NULL,
  passphrase varchar(255) NOT NULL,
  production bool NOT NULL,
  id varchar(255) NOT NULL PRIMARY KEY,
  CONSTRAINT fk_ios_variant_variant FOREIGN KEY (id) REFERENCES variant (id)
);

CREATE TABLE ios_token_variant (
  bundle_id varchar(255) NOT NULL,
  key_id varchar(255) NOT NULL,
  private_key varchar(2048) NOT NULL,
  production bool NOT NULL,
  team_id varchar(255) NOT NULL,
  id varchar(255) NOT NULL PRIMARY KEY,
  CONSTRAINT fk_ios_token_variant_variant FOREIGN KEY (id) REFERENCES variant (id)
);

CREATE TABLE webpush_variant (
  alias varchar(255) NOT NULL,
  private_key varchar(255) NOT NULL,
  public_key varchar(255) NOT NULL,
  id varchar(255) NOT NULL PRIMARY KEY,
  CONSTRAINT fk_webpush_variant_variant FOREIGN KEY (id) REFERENCES variant (id)
);

CREATE TABLE installation (
  id varchar(255) NOT NULL PRIMARY KEY,
  alias varchar(255),
  device_token varchar(4096) NOT NULL,
  device_type varchar(255),
  enabled bool NOT NULL,
  operating_system varchar(255),
  os_version varchar(255),
  platform varchar(255),
  variant_id varchar(255),
  CONSTRAINT fk_installation_variant FOREIGN KEY (variant_id) REFERENCES variant (id)
);
CREATE INDEX installation_alias_idx ON installation (alias);
CREATE INDEX installation_variant_idx ON installation (variant_id);

CREATE TABLE category (
  id int8 NOT NULL PRIMARY KEY,
  name varchar(255) UNIQUE
);

CREATE TABLE installation_category (
  installation_id varchar(255) NOT NULL,
  category_id int8 NOT NULL,
  PRIMARY KEY (installation_id, category_id),
  CONSTRAINT fk_installation_category_installation FOREIGN KEY (installation_id) REFERENCES installation (id),
  CONSTRAINT fk_installation_category_category FOREIGN KEY (category_id) REFERENCES category (id)
);

CREATE TABLE flat_push_message_info (
  id varchar(255) NOT NULL PRIMARY KEY,
  app_open_counter int8 NOT NULL,
  client_identifier varchar(255),
  first_open_date timestamp,
  ip_address varchar(255),
  last_open_date timestamp,
  push_application_id varchar(255) NOT NULL,
  raw_json_message varchar(4500),
  submit_date timestamp NOT NULL
);
CREATE INDEX flat_push_message_info_application_idx ON flat_push_message_info (push_application_id);

CREATE TABLE variant_error_status (
  push_message_variant_id varchar(255) NOT NULL PRIMARY KEY,
  error_reason varchar(255),
  push_job_id varchar(255),
  variant_id varchar(255),
  CONSTRAINT fk_variant_error_status_job FOREIGN KEY (push_job_id) REFERENCES flat_push_message_info (id),
  CONSTRAINT fk_variant_error_status_variant FOREIGN KEY (variant_id) REFERENCES variant (id)
);
