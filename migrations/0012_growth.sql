-- Roll-out: adds a function; older processes do not call it.
--
-- Plans are kept with a connection until the statistics of their tables change. Autovacuum looks once a minute; a table that
-- grows from nothing to thousands of rows meanwhile would be searched by plans made while it was empty. This looks at what a
-- table weighs now and counts anew what has doubled since it was counted last, until it has a few thousand rows: from there
-- on no plan mistakes it for empty, and counting it would cost more than it gains.
create function recoup_count_grown() returns int language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_table regclass;
  v_counted int := 0;
begin
  for v_table in
    select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind = 'r' and c.relpersistence = 'p'
      and c.relpages < 256 and pg_relation_size(c.oid) / current_setting('block_size')::int > 2 * greatest(c.relpages, 4)
    order by pg_relation_size(c.oid) limit 8
  loop
    execute format('analyze (skip_locked) %s', v_table);
    v_counted := v_counted + 1;
  end loop;
  return v_counted;
end $$;
revoke all on function recoup_count_grown() from public;
grant execute on function recoup_count_grown() to recoup_system;
