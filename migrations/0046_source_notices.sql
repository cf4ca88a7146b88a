-- Roll-out: adds columns and a table only. A process of the release before takes a run that a notice asked for as a run of every
-- stream, which reads more and changes nothing.

-- Signed notices of outside systems: the address that they come to, what came before, and the streams that they ask for.
alter table connections add column door_sealed bytea;               -- the token of that address, to be shown again

alter table intake_runs add column streams text[];                  -- only these; null: every one
alter table intake_runs add column woken text[] not null default '{}';  -- streams that notices named while it was under way

-- Events that came before: the same again changes nothing.
create table intake_notices (
  org_id uuid not null,
  connection_id uuid not null,
  digest bytea not null,                     -- SHA-256 of what the system calls the event
  at timestamptz not null,
  primary key (org_id, connection_id, digest)
);
select recoup_tenant_table('intake_notices');
create index intake_runs_by_file on intake_runs (org_id, file_id) where file_id is not null;
create index intake_notices_by_time on intake_notices (org_id, at);
