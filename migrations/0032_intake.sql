-- Roll-out: adds tables only. Old processes have no handler for `intake.run`: such a job waits in their dead letters and is tried
-- again by itself.

-- What the organisation connected: an outside system, an address that is posted to, a folder that files are dropped in.
create table connections (
  org_id uuid not null,
  id uuid not null,
  kind text not null,
  name text not null,
  state text not null default 'connected' check (state in ('connected', 'reconnect', 'paused', 'failing')),
  settings jsonb not null default '{}',
  sealed bytea,                              -- keys, passwords, tokens
  door_hash bytea,                           -- SHA-256 of what the outside presents: the token of a webhook, the user of a folder
  account text not null default '',          -- what the outside system calls itself
  last_error text,                           -- what happened, what was kept, what to do
  last_error_at timestamptz,
  read_at timestamptz,                       -- when a run last ended well
  created_at timestamptz not null default now(),
  made_by text not null,
  primary key (org_id, id)
);
select recoup_tenant_table('connections');
-- What comes to a door names the door, not an organisation.
select recoup_system_access('connections', 'select');
create index connections_by_door on connections (door_hash) where door_hash is not null;

-- How far each stream was read; written with the records of the page that it describes.
create table intake_cursors (
  org_id uuid not null,
  connection_id uuid not null,
  stream text not null,
  cursor jsonb not null,
  read_at timestamptz not null,
  primary key (org_id, connection_id, stream)
);
select recoup_tenant_table('intake_cursors');

create table intake_runs (
  org_id uuid not null,
  id uuid not null,
  connection_id uuid,
  file_id uuid,
  mode text not null check (mode in ('incremental', 'backfill', 'file')),
  trigger text not null,                     -- an actor, or schedule, notice, drop
  dry_run boolean not null default false,
  state text not null check (state in ('queued', 'running', 'paused', 'done', 'failed', 'cancelled')),
  error text,
  waits_until timestamptz,                   -- the outside asked us to wait
  progress jsonb not null default '{}',      -- streams that are done, and how far a backfill or a dry run came
  total_rows bigint,                         -- what the outside says; shown as an estimate, never believed
  total_bytes bigint,
  rows_read bigint not null default 0,       -- the sums of its batches, once it has ended
  landed bigint not null default 0,
  corrected bigint not null default 0,
  unchanged bigint not null default 0,
  rejected bigint not null default 0,
  bytes bigint not null default 0,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  primary key (org_id, id)
);
select recoup_tenant_table('intake_runs');
create index intake_runs_by_connection on intake_runs (org_id, connection_id, id desc);
-- One of a connection at a time: two would read the same pages.
create unique index intake_runs_open on intake_runs (org_id, connection_id)
  where state in ('queued', 'running', 'paused') and connection_id is not null and file_id is null;

-- What landed in one transaction. Batches of a file end out of order; it goes on behind the first that is missing.
create table intake_batches (
  org_id uuid not null,
  run_id uuid not null,
  seq bigint not null,
  end_offset bigint not null,                -- in the text of the file
  end_row bigint not null,
  bytes bigint not null,                     -- of the file as it is
  rows_read bigint not null,
  landed bigint not null,
  corrected bigint not null,
  unchanged bigint not null,
  rejected bigint not null,
  at timestamptz not null,
  primary key (org_id, run_id, seq)
);
select recoup_tenant_table('intake_batches');

-- Rows that gave no signal: as JSON, sealed, those of one batch together.
create table intake_rejects (
  org_id uuid not null,
  run_id uuid not null,
  seq bigint not null,
  rows int not null,
  sealed bytea not null,
  at timestamptz not null,
  primary key (org_id, run_id, seq)
);
select recoup_tenant_table('intake_rejects');
create index intake_rejects_by_time on intake_rejects (org_id, at);

-- Bodies that a webhook refused, each with its reason.
create table intake_refusals (
  org_id uuid not null,
  id uuid not null,
  connection_id uuid not null,
  reason text not null,
  sealed bytea not null,
  at timestamptz not null,
  primary key (org_id, id)
);
select recoup_tenant_table('intake_refusals');
create index intake_refusals_by_connection on intake_refusals (org_id, connection_id, id desc);
create index intake_refusals_by_time on intake_refusals (org_id, at);

-- Files that wait or are being read; the file itself lies in the data directory until it was imported.
create table intake_files (
  org_id uuid not null,
  id uuid not null,
  connection_id uuid,
  name text not null,
  bytes bigint not null,
  digest bytea not null,                     -- SHA-256
  layout jsonb not null,                     -- encoding, delimiter, header: no values of rows
  preview bytea not null,                    -- the first rows, sealed
  mapping jsonb,                             -- as it was started with
  answers jsonb,
  created_at timestamptz not null,
  made_by text not null,
  primary key (org_id, id)
);
select recoup_tenant_table('intake_files');

-- Files that were dropped before: the same name, size and content is the same file.
create table intake_seen (
  org_id uuid not null,
  connection_id uuid not null,
  name text not null,
  bytes bigint not null,
  digest bytea not null,
  at timestamptz not null,
  primary key (org_id, connection_id, name, bytes, digest)
);
select recoup_tenant_table('intake_seen');

-- A consent that a member began and the outside system has yet to send back. Good once, for the session that began it.
create table intake_consents (
  org_id uuid not null,
  id uuid not null,
  connection_id uuid not null,
  state_hash bytea not null,
  verifier bytea,                            -- sealed
  actor text not null,
  session_id uuid,
  expires_at timestamptz not null,
  primary key (org_id, id)
);
select recoup_tenant_table('intake_consents');
