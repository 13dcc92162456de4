-- What a Redshift database has and a PostgreSQL one lacks; run once in each new database, by a superuser.
--
-- All of it lives in pg_catalog, as in Redshift, so that it is found whatever the search path is and no schema of ours
-- shows up. Names that begin with rs_ are ours: the translator writes them where PostgreSQL has a function of the same
-- name that answers something else.

SET allow_system_table_mods = on;

-- Dates ---------------------------------------------------------------------------------------------------------

-- Date parts and their abbreviations: Redshift, "Date parts for date or timestamp functions".
CREATE FUNCTION pg_catalog.rs_date_part_name(part text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN CASE
        WHEN lower(part) IN ('millennium', 'millennia', 'mil', 'mils') THEN 'millennium'
        WHEN lower(part) IN ('century', 'centuries', 'c', 'cent', 'cents') THEN 'century'
        WHEN lower(part) IN ('decade', 'decades', 'dec', 'decs') THEN 'decade'
        WHEN lower(part) IN ('year', 'years', 'y', 'yr', 'yrs') THEN 'year'
        WHEN lower(part) IN ('quarter', 'quarters', 'qtr', 'qtrs') THEN 'quarter'
        WHEN lower(part) IN ('month', 'months', 'mon', 'mons') THEN 'month'
        WHEN lower(part) IN ('week', 'weeks', 'w') THEN 'week'
        WHEN lower(part) IN ('day', 'days', 'd') THEN 'day'
        WHEN lower(part) IN ('hour', 'hours', 'h', 'hr', 'hrs') THEN 'hour'
        WHEN lower(part) IN ('minute', 'minutes', 'm', 'min', 'mins') THEN 'minute'
        WHEN lower(part) IN ('second', 'seconds', 's', 'sec', 'secs') THEN 'second'
        WHEN lower(part) IN ('millisecond', 'milliseconds', 'ms', 'msec', 'msecs', 'msecond', 'mseconds', 'millisec', 'millisecs', 'millisecon')
            THEN 'millisecond'
        WHEN lower(part) IN ('microsecond', 'microseconds', 'us', 'usec', 'usecs', 'usecond', 'useconds', 'microsec', 'microsecs', 'microsecond')
            THEN 'microsecond'
        WHEN lower(part) IN ('dayofweek', 'dow', 'dw', 'weekday') THEN 'dow'
        WHEN lower(part) IN ('dayofyear', 'doy', 'dy', 'yearday') THEN 'doy'
        WHEN lower(part) IN ('epoch', 'timezone', 'timezone_hour', 'timezone_minute') THEN lower(part)
    END;
END $$;

-- Redshift counts how many boundaries of the part lie between the two, not how many whole parts fit.
CREATE FUNCTION pg_catalog.datediff(part text, a timestamptz, b timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    name text := rs_date_part_name(part);
    x timestamp := a;
    y timestamp := b;
BEGIN
    RETURN CASE
        WHEN name IN ('millennium', 'century', 'decade', 'year') THEN (date_part(name, y) - date_part(name, x))::bigint
        WHEN name = 'quarter' THEN (date_part('year', y) * 4 + date_part('quarter', y) - date_part('year', x) * 4 - date_part('quarter', x))::bigint
        WHEN name = 'month' THEN (date_part('year', y) * 12 + date_part('month', y) - date_part('year', x) * 12 - date_part('month', x))::bigint
        WHEN name = 'week' THEN (date_trunc('week', y)::date - date_trunc('week', x)::date) / 7
        WHEN name = 'day' THEN y::date - x::date
        WHEN name = 'hour' THEN (extract(epoch FROM date_trunc('hour', y) - date_trunc('hour', x)) / 3600)::bigint
        WHEN name = 'minute' THEN (extract(epoch FROM date_trunc('minute', y) - date_trunc('minute', x)) / 60)::bigint
        WHEN name = 'second' THEN extract(epoch FROM date_trunc('second', y) - date_trunc('second', x))::bigint
        WHEN name = 'millisecond' THEN (extract(epoch FROM date_trunc('milliseconds', y) - date_trunc('milliseconds', x)) * 1000)::bigint
        WHEN name = 'microsecond' THEN (extract(epoch FROM y - x) * 1000000)::bigint
    END;
END $$;
CREATE FUNCTION pg_catalog.date_diff(part text, a timestamptz, b timestamptz) RETURNS bigint LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS 'SELECT datediff(part, a, b)';

CREATE FUNCTION pg_catalog.rs_interval(part text, n bigint) RETURNS interval LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    name text := rs_date_part_name(part);
BEGIN
    IF name IS NULL THEN
        RAISE EXCEPTION 'unknown date part "%"', part;
    END IF;
    RETURN CASE name WHEN 'quarter' THEN n * 3 * interval '1 month' ELSE n * ('1 ' || name)::interval END;
END $$;
CREATE FUNCTION pg_catalog.dateadd(part text, n bigint, t timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT t + rs_interval(part, n)';
CREATE FUNCTION pg_catalog.dateadd(part text, n bigint, t timestamptz) RETURNS timestamptz LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS 'SELECT t + rs_interval(part, n)';
CREATE FUNCTION pg_catalog.dateadd(part text, n bigint, t date) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT t::timestamp + rs_interval(part, n)';

CREATE FUNCTION pg_catalog.getdate() RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE
    AS $$SELECT date_trunc('second', statement_timestamp()::timestamp)$$;
CREATE FUNCTION pg_catalog.rs_sysdate() RETURNS timestamp LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT transaction_timestamp()::timestamp';

-- PostgreSQL makes a TIMESTAMPTZ of a DATE here, Redshift a TIMESTAMP.
CREATE FUNCTION pg_catalog.date_trunc(part text, d date) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT date_trunc(part, d::timestamp)';
-- EXTRACT is an INTEGER in Redshift, a NUMERIC in PostgreSQL.
CREATE FUNCTION pg_catalog.rs_extract(part text, t timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT floor(date_part(rs_date_part_name(part), t))::bigint';
CREATE FUNCTION pg_catalog.rs_extract(part text, t timestamptz) RETURNS bigint LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS 'SELECT floor(date_part(rs_date_part_name(part), t))::bigint';
CREATE FUNCTION pg_catalog.rs_extract(part text, t date) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT floor(date_part(rs_date_part_name(part), t::timestamp))::bigint';
CREATE FUNCTION pg_catalog.rs_extract(part text, t interval) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT floor(date_part(rs_date_part_name(part), t))::bigint';
CREATE FUNCTION pg_catalog.date_part_year(d date) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT date_part('year', d)::integer$$;
CREATE FUNCTION pg_catalog.last_day(t timestamp) RETURNS date LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT (date_trunc('month', t) + interval '1 month' - interval '1 day')::date$$;
-- The last day of a month stays a last day: Redshift, ADD_MONTHS.
CREATE FUNCTION pg_catalog.add_months(t timestamp, n integer) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN t::date = last_day(t) THEN last_day(date_trunc('month', t) + n * interval '1 month') + t::time ELSE t + n * interval '1 month' END
$$;
CREATE FUNCTION pg_catalog.trunc(t timestamp) RETURNS date LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT t::date';
CREATE FUNCTION pg_catalog.convert_timezone(source text, target text, t timestamp) RETURNS timestamp LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS 'SELECT (t AT TIME ZONE source) AT TIME ZONE target';
CREATE FUNCTION pg_catalog.convert_timezone(target text, t timestamp) RETURNS timestamp LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$SELECT (t AT TIME ZONE 'UTC') AT TIME ZONE target$$;

-- Text and numbers ----------------------------------------------------------------------------------------------

CREATE FUNCTION pg_catalog.len(s text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT length(s)';
CREATE FUNCTION pg_catalog.charindex(part text, s text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT strpos(s, part)';
-- Redshift replaces every match, PostgreSQL the first one.
CREATE FUNCTION pg_catalog.rs_regexp_replace(s text, pattern text, replacement text DEFAULT '') RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT regexp_replace(s, pattern, replacement, 'g')$$;
CREATE FUNCTION pg_catalog.sha2(s text, bits integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT encode(CASE bits WHEN 0 THEN sha256(convert_to(s, 'UTF8')) WHEN 224 THEN sha224(convert_to(s, 'UTF8')) WHEN 256 THEN sha256(convert_to(s, 'UTF8'))
        WHEN 384 THEN sha384(convert_to(s, 'UTF8')) WHEN 512 THEN sha512(convert_to(s, 'UTF8')) END, 'hex')
$$;
CREATE FUNCTION pg_catalog.round(x double precision, digits integer) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT round(x::numeric, digits)::double precision';
CREATE FUNCTION pg_catalog.trunc(x double precision, digits integer) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT trunc(x::numeric, digits)::double precision';

-- AVG of integers is an integer in Redshift (truncated), a NUMERIC in PostgreSQL.
CREATE FUNCTION pg_catalog.rs_avg_final(state bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT CASE WHEN state[1] > 0 THEN state[2] / state[1] END';
CREATE AGGREGATE pg_catalog.rs_avg(smallint) (SFUNC = int2_avg_accum, STYPE = bigint[], FINALFUNC = rs_avg_final, INITCOND = '{0,0}');
CREATE AGGREGATE pg_catalog.rs_avg(integer) (SFUNC = int4_avg_accum, STYPE = bigint[], FINALFUNC = rs_avg_final, INITCOND = '{0,0}');
CREATE AGGREGATE pg_catalog.rs_avg(double precision) (SFUNC = float8_accum, STYPE = double precision[], FINALFUNC = float8_avg, INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.rs_avg(real) (SFUNC = float4_accum, STYPE = double precision[], FINALFUNC = float8_avg, INITCOND = '{0,0,0}');
CREATE FUNCTION pg_catalog.rs_numeric_sum(state numeric[], x numeric) RETURNS numeric[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT CASE WHEN x IS NULL THEN state ELSE ARRAY[state[1] + 1, state[2] + x, greatest(state[3], scale(x))] END';
CREATE FUNCTION pg_catalog.rs_numeric_sum(state numeric[], x bigint) RETURNS numeric[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT rs_numeric_sum(state, x::numeric)';
CREATE FUNCTION pg_catalog.rs_numeric_avg(state numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT CASE WHEN state[1] > 0 THEN trunc(state[2] / state[1], state[3]::integer) END';
CREATE AGGREGATE pg_catalog.rs_avg(numeric) (SFUNC = rs_numeric_sum, STYPE = numeric[], FINALFUNC = rs_numeric_avg, INITCOND = '{0,0,0}');
CREATE AGGREGATE pg_catalog.rs_avg(bigint) (SFUNC = rs_numeric_sum, STYPE = numeric[], FINALFUNC = rs_numeric_avg, INITCOND = '{0,0,0}');
CREATE FUNCTION pg_catalog.pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE
    AS $$SELECT coalesce(nullif(current_setting('localcloud.last_copy_count', true), ''), '0')::bigint$$;

-- SUPER, which is jsonb here ------------------------------------------------------------------------------------

CREATE FUNCTION pg_catalog.json_parse(s text) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT s::jsonb';
CREATE FUNCTION pg_catalog.json_serialize(j jsonb) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT regexp_replace(j::text, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g')$$;
CREATE FUNCTION pg_catalog.is_valid_json(s text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT s IS JSON OBJECT';
CREATE FUNCTION pg_catalog.can_json_parse(s text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT s IS JSON';
CREATE FUNCTION pg_catalog.json_typeof(j jsonb) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT jsonb_typeof(j)';
CREATE FUNCTION pg_catalog.is_array(j jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT jsonb_typeof(j) = 'array'$$;
CREATE FUNCTION pg_catalog.is_object(j jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$SELECT jsonb_typeof(j) = 'object'$$;
CREATE FUNCTION pg_catalog.get_array_length(j jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT CASE WHEN jsonb_typeof(j) = 'array' THEN jsonb_array_length(j) END$$;
CREATE FUNCTION pg_catalog.json_array_length(s text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT json_array_length(s::json)';
CREATE FUNCTION pg_catalog.json_extract_path_text(s text, VARIADIC path text[]) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT s::json #>> path';
CREATE FUNCTION pg_catalog.json_extract_array_element_text(s text, n integer) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS 'SELECT s::json ->> n';
-- Navigation into a SUPER value: a JSON null is NULL.
CREATE FUNCTION pg_catalog.rs_path(j jsonb, VARIADIC path text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT nullif(j #> path, 'null'::jsonb)$$;
CREATE FUNCTION pg_catalog.rs_elements(j jsonb) RETURNS SETOF jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT e FROM jsonb_array_elements(CASE jsonb_typeof(j) WHEN 'array' THEN j WHEN 'null' THEN '[]' ELSE jsonb_build_array(j) END) AS e$$;

-- System views --------------------------------------------------------------------------------------------------

-- Only the columns that can be answered truthfully.
CREATE FUNCTION pg_catalog.rs_type_name(type oid) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$SELECT CASE type WHEN 'jsonb'::regtype THEN 'super' ELSE format_type(type, NULL) END$$;

CREATE VIEW pg_catalog.svv_columns AS
SELECT current_database()::varchar AS table_catalog, n.nspname::varchar AS table_schema, r.relname::varchar AS table_name,
       a.attname::varchar AS column_name, (row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum))::integer AS ordinal_position,
       pg_get_expr(d.adbin, d.adrelid)::varchar AS column_default,
       CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END::varchar AS is_nullable,
       rs_type_name(a.atttypid)::varchar AS data_type,
       CASE WHEN a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS character_maximum_length,
       information_schema._pg_numeric_precision(a.atttypid, a.atttypmod)::integer AS numeric_precision,
       information_schema._pg_numeric_precision_radix(a.atttypid, a.atttypmod)::integer AS numeric_precision_radix,
       information_schema._pg_numeric_scale(a.atttypid, a.atttypmod)::integer AS numeric_scale,
       information_schema._pg_datetime_precision(a.atttypid, a.atttypmod)::integer AS datetime_precision,
       col_description(a.attrelid, a.attnum)::varchar AS remarks
FROM pg_attribute a
JOIN pg_class r ON r.oid = a.attrelid AND r.relkind IN ('r', 'v', 'm', 'p', 'f')
JOIN pg_namespace n ON n.oid = r.relnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped
  AND (pg_has_role(r.relowner, 'USAGE') OR has_column_privilege(r.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'));

CREATE VIEW pg_catalog.svv_tables AS
SELECT current_database()::varchar AS table_catalog, n.nspname::varchar AS table_schema, r.relname::varchar AS table_name,
       CASE WHEN r.relpersistence = 't' THEN 'LOCAL TEMPORARY' WHEN r.relkind IN ('v', 'm') THEN 'VIEW' ELSE 'BASE TABLE' END::varchar AS table_type,
       obj_description(r.oid, 'pg_class')::varchar AS remarks
FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE r.relkind IN ('r', 'v', 'm', 'p')
  AND (pg_has_role(r.relowner, 'USAGE') OR has_table_privilege(r.oid, 'SELECT, INSERT, UPDATE, DELETE') OR has_any_column_privilege(r.oid, 'SELECT'));

CREATE VIEW pg_catalog.svv_all_tables AS
SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, CASE table_type WHEN 'BASE TABLE' THEN 'TABLE' ELSE table_type END AS table_type, remarks
FROM pg_catalog.svv_tables;
CREATE VIEW pg_catalog.svv_redshift_tables AS SELECT * FROM pg_catalog.svv_all_tables;
CREATE VIEW pg_catalog.svv_all_columns AS
SELECT table_catalog AS database_name, table_schema AS schema_name, table_name, column_name, ordinal_position, column_default, is_nullable, data_type,
       character_maximum_length, numeric_precision, numeric_scale, remarks
FROM pg_catalog.svv_columns;
CREATE VIEW pg_catalog.svv_redshift_columns AS SELECT * FROM pg_catalog.svv_all_columns;
CREATE VIEW pg_catalog.svv_all_schemas AS
SELECT current_database()::varchar AS database_name, nspname::varchar AS schema_name, pg_get_userbyid(nspowner)::varchar AS schema_owner, 'local'::varchar AS schema_type
FROM pg_namespace WHERE nspname NOT LIKE 'pg\_t%';

CREATE VIEW pg_catalog.pg_table_def AS
SELECT n.nspname AS schemaname, r.relname AS tablename, a.attname AS "column",
       CASE a.atttypid WHEN 'jsonb'::regtype THEN 'super' ELSE format_type(a.atttypid, a.atttypmod) END AS type, a.attnotnull AS "notnull"
FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid AND r.relkind = 'r' JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname = ANY (current_schemas(true));

-- Users and roles are the cluster's, not the namespace's: two namespaces share them, and what a role may do is a database's.
CREATE VIEW pg_catalog.svv_roles AS
SELECT oid::integer AS role_id, rolname::varchar AS role_name FROM pg_roles WHERE NOT rolcanlogin AND rolname NOT LIKE 'pg\_%';

CREATE VIEW pg_catalog.svv_user_grants AS
SELECT u.oid::integer AS user_id, u.rolname::varchar AS user_name, r.oid::integer AS role_id, r.rolname::varchar AS role_name, m.admin_option
FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member AND u.rolcanlogin JOIN pg_roles r ON r.oid = m.roleid;

-- Privileges ----------------------------------------------------------------------------------------------------

GRANT SELECT ON pg_catalog.svv_columns, pg_catalog.svv_tables, pg_catalog.svv_all_tables, pg_catalog.svv_redshift_tables, pg_catalog.svv_all_columns,
    pg_catalog.svv_redshift_columns, pg_catalog.svv_all_schemas, pg_catalog.pg_table_def, pg_catalog.svv_roles, pg_catalog.svv_user_grants TO PUBLIC;
-- Every user may make tables in "public" in Redshift (and in PostgreSQL before 15).
GRANT CREATE ON SCHEMA public TO PUBLIC;

-- Lengths in bytes ----------------------------------------------------------------------------------------------

-- Redshift counts the length of VARCHAR and CHAR in bytes, PostgreSQL in characters. An event trigger gives each such
-- column a check, however its table came to be (CREATE TABLE, CTAS, LIKE, ADD COLUMN, another SQL client). NOT VALID: the
-- rows of a CTAS are there already, and they came from columns that were checked.
CREATE FUNCTION pg_catalog.rs_count_bytes() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
    col record;
BEGIN
    -- The ALTER TABLE below fires this trigger once more.
    IF current_setting('localcloud.counting_bytes', true) = 'on' THEN
        RETURN;
    END IF;
    PERFORM set_config('localcloud.counting_bytes', 'on', true);
    FOR col IN
        SELECT DISTINCT a.attrelid::regclass AS relation, a.attname, a.atttypmod - 4 AS bytes, 'c' || a.attnum || '__bytes' AS name,
               k.oid IS NOT NULL AS present
        FROM pg_event_trigger_ddl_commands() d
        JOIN pg_class r ON r.oid = d.objid AND d.classid = 'pg_class'::regclass AND r.relkind = 'r'
        JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_constraint k ON k.conrelid = r.oid AND k.conname = 'c' || a.attnum || '__bytes'
        WHERE a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) AND a.atttypmod > 4
          AND (k.oid IS NULL OR pg_get_constraintdef(k.oid) NOT LIKE '%<= ' || (a.atttypmod - 4) || ')%')
    LOOP
        IF col.present THEN
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', col.relation, col.name);
        END IF;
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (octet_length(%I) <= %s) NOT VALID',
                       col.relation, col.name, col.attname, col.bytes);
    END LOOP;
    PERFORM set_config('localcloud.counting_bytes', 'off', true);
END $$;
CREATE EVENT TRIGGER rs_count_bytes ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE')
    EXECUTE FUNCTION pg_catalog.rs_count_bytes();
