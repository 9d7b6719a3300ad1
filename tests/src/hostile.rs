//! Surroundings that somebody else controls: what the schema `public` contains, and the defaults of a database.

/// SQL that makes traps in the schema `public`, which raise if `condition` is true when they are called.
pub fn traps(condition: &str) -> String {
    TRAPS.replace("CONDITION", condition)
}

/// The condition for sessions of mighost.
pub const MIGHOST_SESSION: &str = "pg_catalog.current_setting('application_name') operator(pg_catalog.~) '^mighost'";

/// Settings of a database that change what statements mean and how results look.
pub const SETTINGS: [(&str, &str); 9] = [
    ("DateStyle", "German"),
    ("IntervalStyle", "iso_8601"),
    ("array_nulls", "off"),
    ("bytea_output", "escape"),
    ("extra_float_digits", "-15"),
    ("quote_all_identifiers", "on"),
    ("row_security", "off"),
    ("standard_conforming_strings", "off"),
    ("transform_null_equals", "on"),
];

/// A test's own query of the catalogs, on a path on which it is not trapped itself.
pub fn unhindered(query: &str) -> String {
    match std::env::var_os(VARIABLE) {
        Some(_) => format!("SET search_path = pg_catalog; {query}"),
        None => query.to_owned(),
    }
}

/// What a database is made from whose surroundings are hostile, and the variable that asks for such databases.
pub const TEMPLATE: &str = "hostile";
pub const VARIABLE: &str = "MIGHOST_TEST_HOSTILE";

/// Raises from each operator, function and cast that the host's queries might resolve to, and hides types.
const TRAPS: &str = r#"
create function public.trap(text) returns void language plpgsql as
  $$ begin if CONDITION then raise exception 'somebody else''s code ran: %', $1; end if; end $$;
do $$
declare
  operator text;
  l text;
  r text;
  f text;
  n int := 0;
  types text[] := array['text', 'int4', 'int8', 'oid', 'regclass', 'regnamespace', 'name', '"char"', 'bool', 'text[]', 'name[]',
                        'timestamptz', 'interval', 'jsonb'];
begin
  foreach operator in array array['=', '<>', '||', '+', '-', '~', '<', '>'] loop
    foreach l in array types loop
      foreach r in array types loop
        n := n + 1;
        execute format(
          'create function public.trap_%s(pg_catalog.%s, pg_catalog.%s) returns bool language plpgsql as
           %L', n, l, r, format('begin perform public.trap(%L); return true; end', operator || ' ' || l || ' ' || r));
        execute format('create operator public.%s (leftarg = pg_catalog.%s, rightarg = pg_catalog.%s, function = public.trap_%s)',
          operator, l, r, n);
      end loop;
    end loop;
  end loop;
  foreach f in array array[
    'to_regclass(text)', 'to_regnamespace(text)', 'pg_backend_pid()', 'current_database()', 'pg_is_in_recovery()',
    'pg_try_advisory_lock(int8)', 'pg_advisory_unlock(int8)', 'pg_advisory_xact_lock(int8)', 'pg_try_advisory_xact_lock(int8)',
    'current_setting(text)', 'current_setting(text, bool)', 'set_config(text, text, bool)', 'clock_timestamp()', 'now()',
    'date_trunc(text, timestamptz)', 'array_to_string(text[], text)', 'parse_ident(text)', 'to_char(timestamptz, text)'
  ] loop
    execute format('create function public.%s returns text language plpgsql as %L', f,
      format('begin perform public.trap(%L); return null; end', f));
  end loop;
  create aggregate public.count(*) (sfunc = int8inc, stype = int8, initcond = '100');
  foreach l in array array['text', 'int4', 'int8', 'jsonb', 'timestamptz', 'interval', 'bool', 'oid', 'regclass'] loop
    execute format('create domain public.%s as pg_catalog.varchar check (value is null)', l);
  end loop;
  create collation public."C" (locale = 'C', deterministic = true);
end $$;
"#;
