-- Roll-out: expands only. Old processes go on writing rows of the audit log in version 1 (the default), which verify as
-- before; new ones write version 2. An old process does not know `allow_from` of a key: until all are new, a key with an
-- allow list is let in from anywhere, so make such keys after the roll-out.

-- The audit log: what the row's hash covers is said by its version. Version 2 adds the device and the state before and
-- after (JSON text as hashed; empty when the action changes no state).
alter table audit_log add column version smallint not null default 1;
alter table audit_log add column device text not null default '';
alter table audit_log add column before text not null default '';
alter table audit_log add column after text not null default '';
create index audit_log_by_subject on audit_log (org_id, subject, seq);

-- The operator's command alone cuts the beginning of a chain, and the database itself keeps what is younger than 7 years.
grant select, delete on audit_log to recoup_system;
create policy reading on audit_log for select to recoup_system using (true);
create policy pruning on audit_log for delete to recoup_system using (at < now() - interval '7 years');

-- The keys that sign checkpoints: public halves are kept for as long as there are rows they vouch for, which is for ever.
create table audit_keys (
  kid text primary key,              -- the first 16 bytes of the SHA-256 of the public key, hex
  public_key bytea not null,
  sealed bytea not null,             -- PKCS #8, sealed with a master key
  master_key text not null,
  created_at timestamptz not null
);
grant select, insert, update (sealed, master_key) on audit_keys to recoup_system;
grant update (sealed, master_key) on signing_keys to recoup_system;

-- Signed statements about a chain: `head` says that it reached a place with a hash; `anchor` says that what came up to there
-- was removed on purpose. Append-only.
create table audit_checkpoints (
  org_id uuid not null,
  kind text not null check (kind in ('head', 'anchor')),
  seq bigint not null,
  hash bytea not null,
  at timestamptz not null,
  kid text not null,
  signature bytea not null,
  primary key (org_id, kind, seq)
);
select recoup_tenant_table('audit_checkpoints');
revoke update, delete on audit_checkpoints from recoup_app;
select recoup_system_access('audit_checkpoints', 'select, insert');

-- API keys: from where, last used from where, and the key that takes over.
alter table api_keys add column allow_from text[] not null default '{}';
alter table api_keys add column last_used_ip text not null default '';
alter table api_keys add column successor uuid;
alter table api_keys add constraint api_keys_successor foreign key (org_id, successor) references api_keys (org_id, id);
