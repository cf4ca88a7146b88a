-- Roll-out: first migration; nothing runs before it.
--
-- Roles. The program connects with one DATABASE_URL and switches every pooled connection to one of two roles that own
-- nothing: recoup_app (row-level security by organisation) and recoup_system (the few named cross-tenant needs listed in
-- crates/kernel/src/db/system.rs). With no organisation set, recoup_app sees no rows.

do $$ begin
  create role recoup_app nologin;
exception when duplicate_object or unique_violation then null; end $$;
do $$ begin
  create role recoup_system nologin;
exception when duplicate_object or unique_violation then null; end $$;
do $$ begin
  execute format('grant recoup_app, recoup_system to %I', current_user);
exception when others then
  -- A member already, or a superuser who needs no grant.
  if not pg_has_role(current_user, 'recoup_app', 'member') then raise; end if;
end $$;
grant usage on schema public to recoup_app, recoup_system;

-- The organisation of the running transaction, or null: set by OrgTx, transaction-local.
create function recoup_org() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('recoup.org', true), '')::uuid $$;

-- Every tenant table calls this right after it is created: security enabled and forced, one policy, grants.
create function recoup_tenant_table(t regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', t);
  execute format('alter table %s force row level security', t);
  execute format('create policy tenant on %s to recoup_app using (org_id = recoup_org()) with check (org_id = recoup_org())', t);
  execute format('grant select, insert, update, delete on %s to recoup_app', t);
end $$;

-- Gives the narrow role its named, listed access to a tenant table across organisations.
create function recoup_system_access(t regclass, verbs text) returns void language plpgsql as $$
begin
  execute format('create policy system on %s to recoup_system using (true) with check (true)', t);
  execute format('grant %s on %s to recoup_system', verbs, t);
end $$;

-- Organisations are the tenants themselves: a member sees its own row.
create table organisations (
  id uuid primary key,
  name text not null,
  plan text not null default 'enterprise',
  time_zone text not null default 'UTC',
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);
alter table organisations enable row level security;
alter table organisations force row level security;
create policy tenant on organisations to recoup_app using (id = recoup_org()) with check (id = recoup_org());
create policy system on organisations to recoup_system using (true) with check (true);
grant select, update on organisations to recoup_app;
grant select, insert, update on organisations to recoup_system;

-- One wrapped data key per organisation and version (envelope encryption).
create table org_keys (
  org_id uuid not null references organisations (id),
  version int not null,
  master_key text not null,          -- which master key wraps it: first 8 bytes of its SHA-256, hex
  wrapped bytea not null,
  created_at timestamptz not null default now(),
  primary key (org_id, version)
);
select recoup_tenant_table('org_keys');
select recoup_system_access('org_keys', 'select, update');

-- The ledger. Partitioned by month: a version 7 uuid starts with its milliseconds, so ranges of ids are ranges of time.
create table events (
  org_id uuid not null,
  id uuid not null,
  at timestamptz not null,
  kind text not null,
  version smallint not null default 1,
  subject_kind text not null,
  subject_id uuid not null,
  cause_id uuid,
  actor text not null,
  payload jsonb not null,
  xact_id xid8 not null default pg_current_xact_id(),
  primary key (org_id, id)
) partition by range (id);
select recoup_tenant_table('events');
revoke update, delete on events from recoup_app;
select recoup_system_access('events', 'select');
create index events_by_subject on events (org_id, subject_kind, subject_id, id);
create index events_by_kind on events (org_id, kind, id);
create index events_by_commit on events (xact_id, id);
create table events_default partition of events default;
alter table events_default enable row level security;
alter table events_default force row level security;

-- The lowest version 7 uuid of an instant.
create function recoup_uuid_floor(at timestamptz) returns uuid language sql immutable strict
  as $$ select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

-- Makes the partition of a month if it is missing; runs as the owner so that maintenance can call it.
create function recoup_event_month(month date) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  first timestamptz := date_trunc('month', month::timestamptz at time zone 'UTC') at time zone 'UTC';
  name text := 'events_' || to_char(first at time zone 'UTC', 'YYYY_MM');
begin
  if to_regclass(name) is not null then return; end if;
  execute format('create table %I partition of events for values from (%L) to (%L)',
    name, recoup_uuid_floor(first), recoup_uuid_floor(((first at time zone 'UTC') + interval '1 month') at time zone 'UTC'));
  execute format('alter table %I enable row level security', name);
  execute format('alter table %I force row level security', name);
exception when duplicate_table then null;
end $$;
grant execute on function recoup_event_month(date) to recoup_app, recoup_system;
select recoup_event_month((now() + (n || ' month')::interval)::date) from generate_series(-4, 2) n;

-- Followers: how far each has read. Not tenant data.
create table followers (
  name text primary key,
  xact_id xid8 not null default '0',
  event_id uuid not null default '00000000-0000-0000-0000-000000000000',
  updated_at timestamptz not null default now(),
  last_error text,
  failures int not null default 0
);
grant select, insert, update on followers to recoup_app, recoup_system;

-- The queue.
create table jobs (
  org_id uuid not null,
  id uuid not null,
  lane text not null,
  kind text not null,
  key text,
  run_at timestamptz not null default now(),
  seq bigint generated always as identity,
  attempts int not null default 0,
  crashes int not null default 0,
  revivals int not null default 0,   -- how often it came back from the dead letters
  worker uuid,
  lease_until timestamptz,
  payload jsonb not null,
  last_error text,
  enqueued_at timestamptz not null default now(),
  primary key (org_id, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
select recoup_tenant_table('jobs');
select recoup_system_access('jobs', 'select, insert, update, delete');
create index jobs_ready on jobs (lane, org_id, run_at, seq) where worker is null;
create index jobs_by_key on jobs (org_id, lane, key, seq) where key is not null;
create index jobs_running on jobs (worker) where worker is not null;

create table dead_letters (
  org_id uuid not null,
  id uuid not null,
  lane text not null,
  kind text not null,
  key text,
  payload jsonb not null,
  attempts int not null,
  crashes int not null,
  error text not null,
  enqueued_at timestamptz not null,
  died_at timestamptz not null default now(),
  retries int not null default 0,
  primary key (org_id, id)
);
select recoup_tenant_table('dead_letters');
select recoup_system_access('dead_letters', 'select, insert, update, delete');
create index dead_letters_by_time on dead_letters (died_at);

-- A worker process holds the advisory lock (852017, lock_key) for its life; a free lock means it is dead.
create table workers (
  id uuid primary key,
  lock_key int generated always as identity,
  roles text not null,
  host text not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);
grant select, insert, update, delete on workers to recoup_system;

-- Named counters for the operator that belong to no organisation (unknown accounts, refused signatures).
create table counters (
  name text primary key,
  value bigint not null default 0,
  updated_at timestamptz not null default now()
);
grant select, insert, update on counters to recoup_system, recoup_app;

-- When each reconciler ran last, so that one process runs it at a time.
create table schedules (
  name text primary key,
  last_run timestamptz not null
);
grant select, insert, update on schedules to recoup_system;
