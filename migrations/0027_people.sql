-- Roll-out: expand only. Old processes write neither the new columns nor the new table; an invitation they make has no name
-- and no team. An organisation that is deleted is closed by `deleted_at`, which old processes honour already.

-- What an import knows of a person beyond the email: the name waits in the form that accepts, the team until they join.
alter table invites add column name text not null default '';
alter table invites add column team text not null default '';

-- A list of people that was read, and what became of each row. The rows hold names and emails of people who may never join,
-- so they are sealed (JSON, with the organisation's data key).
create table member_imports (
  org_id uuid not null,
  id uuid not null,
  made_by text not null,             -- an actor
  created_at timestamptz not null,
  done_at timestamptz,               -- null while it was only tried
  rows int not null,
  invited int not null,
  waiting int not null,
  members int not null,
  refused int not null,
  sealed bytea not null,
  primary key (org_id, id)
);
select recoup_tenant_table('member_imports');

-- Deleting an organisation closes it at once (`deleted_at`). Until `erase_at` whoever holds the link behind `restore_hash`
-- and is one of its owners takes it back; then its data keys are destroyed and its rows removed.
alter table organisations add column erase_at timestamptz;
alter table organisations add column erased_at timestamptz;
alter table organisations add column restore_hash bytea;
create index organisations_to_erase on organisations (erase_at) where erase_at is not null and erased_at is null;
grant delete on org_keys to recoup_system;
grant delete on users to recoup_system;

-- Removes up to `most` rows of each table of an organisation whose time has come, and says how many were removed: called until
-- it says none. It runs as the owner, because nobody else may remove from the ledger and the audit log, and refuses every
-- organisation that was not deleted a grace period ago. A table that another still refers to has its turn in the next call.
create function recoup_erase_rows(org uuid, at timestamptz, most int) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  t record;
  removed bigint;
  total bigint := 0;
  blocked text;
begin
  perform set_config('recoup.org', org::text, true);
  -- Contacts that are hidden go too.
  perform set_config('recoup.hidden', 'seen', true);
  if not exists (select from organisations o where o.id = org and o.deleted_at is not null and o.erase_at <= at) then
    raise exception 'organisation % is not to be erased', org;
  end if;
  for t in
    select c.oid::regclass as name from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace order by c.relname
  loop
    begin
      execute format('delete from %s where org_id = $1 and (tableoid, ctid) in (select tableoid, ctid from %s where org_id = $1 limit $2)',
        t.name, t.name) using org, most;
      get diagnostics removed = row_count;
      total := total + removed;
    exception when foreign_key_violation then blocked := t.name::text;
    end;
  end loop;
  -- Rows that refer to one another go together or not at all: with a larger `most`.
  if total = 0 and blocked is not null then
    raise exception 'rows of % are still referred to', blocked;
  end if;
  return total;
end $$;
revoke execute on function recoup_erase_rows(uuid, timestamptz, int) from public;
grant execute on function recoup_erase_rows(uuid, timestamptz, int) to recoup_system;
