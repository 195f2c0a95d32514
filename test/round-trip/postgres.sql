-- Everything that a PostgreSQL database can hold and that is easily lost on the way. Run by a superuser in an empty database.
-- What a version does not have yet stands between /*since VERSION*/ and /*end*/; what it has instead, after /*before*/.
CREATE EXTENSION hstore;
CREATE EXTENSION citext WITH SCHEMA public;
CREATE SCHEMA "Second schema";
CREATE SCHEMA "dotted.schema";
CREATE EXTENSION ltree WITH SCHEMA "Second schema";
COMMENT ON SCHEMA "Second schema" IS 'a comment ; \restrict it''s';

CREATE TYPE mood AS ENUM ('sad', 'it''s ok', E'tab\there', 'été');
CREATE TYPE "Second schema"."Pair of things" AS (number integer, "a text" text, nested mood[]);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN short_name AS varchar(20) DEFAULT 'none' NOT NULL;
CREATE DOMAIN shorter_name AS short_name CHECK (length(VALUE) < 15);
CREATE TYPE float_range AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE COLLATION numeric_order (provider = icu, locale = 'en-u-kn');
COMMENT ON TYPE mood IS 'how somebody is';

CREATE TABLE every_type (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 5) PRIMARY KEY,
  small smallint, middle integer, big bigint,
  exact numeric, scaled numeric(20, 5), negative_scale numeric(4/*since 15*/, -2/*end*/),
  single real, double double precision, cash money,
  flag boolean, letter "char", system_name name,
  fixed char(5), limited varchar(10), long_text text COLLATE "C", ci public.citext, sorted text COLLATE numeric_order,
  raw bytea, day date, instant time(3), instant_tz timetz, moment timestamp, moment_tz timestamptz(3), period interval, year_period interval year to month,
  identifier uuid, document json, document_b jsonb, path_b jsonpath, markup xml,
  host inet, network cidr, mac macaddr, mac8 macaddr8,
  bits bit(5), more_bits varbit,
  spot point, straight line, segment lseg, square box, way path, shape polygon, round circle,
  words tsvector, question tsquery, store hstore, tree "Second schema".ltree,
  feeling mood, feelings mood[], pair "Second schema"."Pair of things", pairs "Second schema"."Pair of things"[],
  positive_number positive, named short_name, shorter shorter_name,
  ints int4range, numbers numrange, days daterange, moments tstzrange, floats float_range/*since 14*/, many int4multirange, many_days datemultirange/*end*/,
  grid integer[][], grid_from integer[], texts text[], docs jsonb[],
  relation regclass, kind regtype, program regprocedure, setting regconfig, object_id oid, log_position pg_lsn, transaction xid8, snap pg_snapshot,
  doubled bigint GENERATED ALWAYS AS (big * 2) STORED,
  /*since 18*/shown text GENERATED ALWAYS AS (coalesce(long_text, '') || '!') VIRTUAL,/*end*/
  has_default text DEFAULT E'back\\slash ''quoted''\nline',
  made_at timestamptz DEFAULT '2020-02-02 02:02:02+00'
);
INSERT INTO every_type (small) VALUES (NULL);
INSERT INTO every_type VALUES (
  DEFAULT, -32768, -2147483648, -4611686018427387904, 'NaN', -12345.67891, 1200, '-Infinity', 'NaN', '-92233720368547758.08', true, 'x', 'a name',
  'ab', E'  sp  ', E'tab\t line\n cr\r bs\\ \\N \\. end\x01\x7f', 'MiXeD', 'a10', '\x00ff0a0d095c', '-infinity', '24:00:00', '23:59:59.999999+15:59',
  '-infinity', 'infinity', '-1 year 2 mons -3 days 04:05:06.789', '-1-2',
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"b" : 1,  "a": [1.0, null, "\u00e9\\n"], "b": 2}', '{"k\"ey": "v\\a", "n": 1.10}', 'strict $."a"[*] ? (@ > 1)',
  '<?xml version="1.0"?><a b="1">t &amp; u</a>', '10.1.2.3/8', '2001:db8::/32', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05',
  '10110', '1', '(1.5,-2)', '{1,-1,0}', '[(0,0),(1e-300,1)]', '(3,4),(1,2)', '[(0,0),(1,1),(2,0)]', '((0,0),(1,1),(2,0))', '<(0,0),3.3>',
  '''it''''s'':2A words:1,3B', '!a & (b:AB <-> c)', '"k\"ey"=>"v\\al,=>", n=>NULL', 'Top.Middle.Leaf',
  'it''s ok', ARRAY['été', NULL, E'tab\there']::mood[], (1, E'com,ma "q" (p)\n', ARRAY['sad']::mood[]), ARRAY[ROW(NULL, '', NULL), NULL]::"Second schema"."Pair of things"[],
  3, 'twenty chars of name', 'shorter', 'empty', '(,1.50]', '[2020-01-01,infinity)', '["2020-01-01 00:00:00+02",)', '[1.5,NaN]'/*since 14*/, '{[1,3),[5,8)}', '{}'/*end*/,
  '{{1,2},{3,NULL}}', '[-1:1]={7,8,9}', ARRAY['NULL', NULL, '', 'a"b', E'c\\d', '{x}', 'y,z'], ARRAY['{"a": "b"}', 'null']::jsonb[],
  'every_type', 'mood[]', 'pg_catalog.lower(text)', 'pg_catalog.simple', 4294967295, '16/B374D848', '18446744073709551615', '10:20:10,14,15');
INSERT INTO every_type (exact, double, cash, long_text, raw, moment, period, words) VALUES
  (repeat('9', 400)::numeric + 0.123456789, 5e-324, '$0.01', repeat('wide ', 60000), decode(repeat('00ff5c0a', 50000), 'hex'), '0044-03-15 12:00:00.000001 BC', '178000000 years', ''),
  (/*since 14*/'Infinity'/*before*/NULL/*end*/, 1.7976931348623157e308, '-0.01', '', '', '294276-12-31 23:59:59.999999', '0', NULL);

-- Names that want quoting everywhere.
CREATE TABLE "dotted.schema"."table.with ""quotes"" and 'apostrophes'" ("co.l ""1""" text, "Ünïcode ☃" integer, "back\slash" text, ":colon" text, "%s $1" text, PRIMARY KEY ("Ünïcode ☃"));
INSERT INTO "dotted.schema"."table.with ""quotes"" and 'apostrophes'" VALUES ('v', 1, '\', ':v', '%'), (NULL, 2, E'\\N', '\.', '');
CREATE TABLE "dotted.schema"."SELECT" ("from" integer, "table" serial);
INSERT INTO "dotted.schema"."SELECT" VALUES (1), (2);
CREATE TABLE "Second schema".every_type (id integer);
INSERT INTO "Second schema".every_type VALUES (7), (7), (NULL);
CREATE SEQUENCE "dotted.schema"."seq'uence ""x"".y" AS smallint INCREMENT -3 MINVALUE -100 MAXVALUE 10 START 10 CYCLE;
SELECT nextval('"dotted.schema"."seq''uence ""x"".y"') FROM generate_series(1, 4);
CREATE SEQUENCE never_used START 42;
CREATE SEQUENCE set_back;
SELECT setval('set_back', 9223372036854775807, false);

-- Keys: composite, of strings, absent, larger than an index page would like, and NULLs in unique ones.
CREATE TABLE composite_key (b text COLLATE "C", a integer, v bytea, PRIMARY KEY (b, a)) ;
INSERT INTO composite_key SELECT chr(97 + n % 26) || n % 7, n, convert_to('v' || n, 'UTF8') FROM generate_series(1, 3000) n;
CREATE TABLE string_key (id varchar(200) PRIMARY KEY, n integer);
INSERT INTO string_key SELECT repeat('é', n % 50) || E'\t' || n, n FROM generate_series(1, 500) n;
CREATE TABLE huge_key (id text PRIMARY KEY, uid uuid UNIQUE);
INSERT INTO huge_key SELECT n || repeat('k', 2000), NULL FROM generate_series(1, 20) n;
CREATE TABLE no_key (a integer, b text);
INSERT INTO no_key SELECT n % 3, CASE WHEN n % 5 > 0 THEN 'same' END FROM generate_series(1, 100) n;
CREATE TABLE null_key (a integer UNIQUE/*since 15*/ NULLS NOT DISTINCT/*end*/, b integer);
INSERT INTO null_key VALUES (NULL, 1), (2, 2);
CREATE TABLE no_columns ();
INSERT INTO no_columns SELECT FROM generate_series(1, 3);
CREATE TABLE only_generated (g integer GENERATED ALWAYS AS (1) STORED);
INSERT INTO only_generated SELECT FROM generate_series(1, 2);
CREATE TABLE dropped_columns (a integer, gone text, b integer);
ALTER TABLE dropped_columns DROP COLUMN gone, ADD COLUMN c integer DEFAULT 5;
INSERT INTO dropped_columns VALUES (1, 2, 3), (3, 4, NULL);
CREATE UNLOGGED TABLE unlogged (a integer);
INSERT INTO unlogged VALUES (1);
CREATE TABLE typed OF "Second schema"."Pair of things" (number WITH OPTIONS PRIMARY KEY);
INSERT INTO typed VALUES (1, 'one', '{sad}');

-- A cycle of foreign keys, one to itself, a deferred one, and constraints that were not validated.
CREATE TABLE hen (id integer PRIMARY KEY, egg integer, mother integer REFERENCES hen);
CREATE TABLE egg (id integer PRIMARY KEY, hen integer REFERENCES hen DEFERRABLE INITIALLY DEFERRED, CHECK (id < 100) NOT VALID);
INSERT INTO hen VALUES (1, NULL, 2), (2, NULL, 1);
INSERT INTO egg VALUES (10, 1), (11, 2);
UPDATE hen SET egg = id + 9;
ALTER TABLE hen ADD CONSTRAINT laid_by FOREIGN KEY (egg) REFERENCES egg ON DELETE SET NULL;
ALTER TABLE no_key ADD CONSTRAINT not_looked_at FOREIGN KEY (a) REFERENCES hen NOT VALID;
CREATE TABLE booking (room int4range, during daterange, EXCLUDE USING gist (room WITH &&, during WITH &&));
INSERT INTO booking VALUES ('[1,2)', '[2020-01-01,2020-02-01)');

-- Partitions of several levels and kinds, one detached; inheritance from two parents with rows in each.
CREATE TABLE measure (at date NOT NULL, area text NOT NULL, n integer, PRIMARY KEY (at, area, n)) PARTITION BY RANGE (at);
CREATE TABLE measure_2020 PARTITION OF measure FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') PARTITION BY LIST (area);
CREATE TABLE measure_2020_north PARTITION OF measure_2020 FOR VALUES IN ('north', 'no''rd') PARTITION BY HASH (n);
CREATE TABLE measure_2020_north_0 PARTITION OF measure_2020_north FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE measure_2020_north_1 PARTITION OF measure_2020_north FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE measure_2020_rest PARTITION OF measure_2020 DEFAULT;
CREATE TABLE "measure.default" (n integer NOT NULL, extra_first text, area text NOT NULL, at date NOT NULL);
ALTER TABLE "measure.default" DROP COLUMN extra_first;
ALTER TABLE measure ATTACH PARTITION "measure.default" DEFAULT;
INSERT INTO measure SELECT '2020-06-01'::date + n, (ARRAY['north', 'no''rd', 'south'])[1 + n % 3], n FROM generate_series(1, 400) n;
CREATE INDEX ON measure (n);
CREATE TABLE animal (id serial PRIMARY KEY, name text DEFAULT 'nameless');
CREATE TABLE swimmer (depth integer);
CREATE TABLE duck (colour text) INHERITS (animal, swimmer);
INSERT INTO animal (name) VALUES ('cow'), ('cat');
INSERT INTO swimmer VALUES (3);
INSERT INTO duck (name, depth, colour) VALUES ('Donald', 1, 'white'), ('Daisy', 2, NULL);

-- Programs: routines, triggers, rules, aggregates, operators, casts, event triggers; views on views; materialized views.
CREATE FUNCTION add_one(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
/*since 14*/CREATE FUNCTION sql_body(a integer, VARIADIC b text[] DEFAULT '{}') RETURNS TABLE (x integer, y text) LANGUAGE sql BEGIN ATOMIC SELECT a, unnest(b); END;/*end*/
CREATE PROCEDURE "Second schema"."do it"(INOUT a integer) LANGUAGE plpgsql SET search_path = 'Second schema', public AS $body$
BEGIN
  a := a + 1; -- $$ and \ and ;
END $body$;
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE FUNCTION same_mood(mood, mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR === (LEFTARG = mood, RIGHTARG = mood, FUNCTION = same_mood);
CREATE FUNCTION mood_of(text) RETURNS mood LANGUAGE sql AS 'SELECT $1::mood';
CREATE CAST (integer AS mood) WITH INOUT;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.b := ''stamped''; RETURN NEW; END';
CREATE TRIGGER "stamp it" BEFORE INSERT OR UPDATE OF b ON no_key FOR EACH ROW WHEN (NEW.b IS NOT NULL) EXECUTE FUNCTION stamp();
CREATE TRIGGER switched_off BEFORE INSERT ON no_key FOR EACH ROW EXECUTE FUNCTION stamp();
ALTER TABLE no_key DISABLE TRIGGER switched_off;
CREATE TABLE audit (what text);
CREATE RULE also_audit AS ON INSERT TO swimmer DO ALSO INSERT INTO audit VALUES ('swimmer ' || NEW.depth);
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER watch_ddl ON ddl_command_start EXECUTE FUNCTION on_ddl();
CREATE VIEW first_view AS SELECT id, name FROM animal WHERE name <> 'it''s';
CREATE VIEW "view.on view" AS SELECT *, add_one(id) AS next FROM first_view;
CREATE RULE no_delete AS ON DELETE TO "view.on view" DO INSTEAD NOTHING;
CREATE RECURSIVE VIEW counting (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counting WHERE n < 5;
CREATE VIEW checked_view WITH (security_barrier) AS SELECT * FROM hen WHERE id > 0 WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW "Second schema".kept_result AS SELECT id, next FROM public."view.on view";
CREATE UNIQUE INDEX ON "Second schema".kept_result (id);
CREATE MATERIALIZED VIEW on_kept_result AS SELECT sum(next) AS total FROM "Second schema".kept_result;
CREATE MATERIALIZED VIEW never_filled AS SELECT 1 AS one WITH NO DATA;
CREATE INDEX by_expression ON every_type (lower(long_text) text_pattern_ops, (big + 1)) INCLUDE (middle) WHERE flag;
CREATE INDEX by_words ON every_type USING gin (words);
CREATE STATISTICS related (dependencies, mcv) ON a, b FROM no_key;
CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple);
ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
CREATE POLICY for_all ON audit USING (what <> 'hidden');
INSERT INTO audit VALUES ('hidden'), ('shown');
ALTER TABLE composite_key ALTER COLUMN v SET STORAGE EXTERNAL, ALTER COLUMN b SET STATISTICS 500, SET (fillfactor = 70);
CLUSTER composite_key USING composite_key_pkey;
ALTER TABLE string_key REPLICA IDENTITY FULL;
GRANT SELECT ON hen TO PUBLIC;
COMMENT ON TABLE hen IS E'lays eggs\n\\. -- ''x''';
COMMENT ON COLUMN hen.egg IS 'laid last';
COMMENT ON FUNCTION add_one(integer) IS 'plus one';
COMMENT ON INDEX by_words IS 'of words';

-- Large objects: binary, empty, with a hole, and larger than a page.
SELECT lo_from_bytea(70001, '\x00ff0a5c'), lo_create(70002), lo_from_bytea(4000000001, decode(repeat('00010203fffe', 5000), 'hex')), lo_create(70003);
SELECT lo_put(70003, 100000, 'after a hole');
CREATE TABLE pictures (id integer PRIMARY KEY, picture oid);
INSERT INTO pictures VALUES (1, 70001), (2, 4000000001);
SELECT nextval('every_type_id_seq'), nextval('animal_id_seq');
