-- Roll-out: drops indexes and changes how rows are stored; queries of older processes stay right, some a little slower.
--
-- A message changes its state three times after it was written. With the state in an index's condition each change made a new
-- entry in every index of the table, the full text among them; now more than half of them touch none. What is unsettled in a
-- conversation is found among its messages.
drop index messages_unsettled;
alter table messages set (fillfactor = 60);

-- The feed of a week is read backwards by id instead: of the facts of a message several are told there, so it is soon full.
-- Where hundreds of thousands of facts follow that are not told, one reading takes a tenth of a second.
drop index events_by_kind;

-- Not strict: the planner writes its body into the statement only then.
create or replace function recoup_state_rank(state text) returns int language sql immutable parallel safe as $$
  select case state when 'queued' then 0 when 'sending' then 1 when 'unknown' then 2 when 'sent' then 3 when 'delivered' then 4
    when 'failed' then 5 when 'read' then 6 when 'cancelled' then 7 else 0 end $$;

-- Nobody searches within these: counting a table need not compare them.
alter table events alter column payload set statistics 0;
alter table jobs alter column payload set statistics 0;
alter table messages alter column attachments set statistics 0, alter column sources set statistics 0, alter column template set statistics 0;
alter table leads alter column signals set statistics 0;

-- The same for the months to come.
create or replace function recoup_event_month(month date) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  first timestamptz := date_trunc('month', month::timestamptz at time zone 'UTC') at time zone 'UTC';
  name text := 'events_' || to_char(first at time zone 'UTC', 'YYYY_MM');
begin
  if to_regclass(name) is not null then return; end if;
  execute format('create table %I partition of events for values from (%L) to (%L)',
    name, recoup_uuid_floor(first), recoup_uuid_floor(((first at time zone 'UTC') + interval '1 month') at time zone 'UTC'));
  execute format('alter table %I alter column payload set statistics 0', name);
  execute format('alter table %I enable row level security', name);
  execute format('alter table %I force row level security', name);
exception when duplicate_table then null;
end $$;
