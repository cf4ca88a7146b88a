-- Roll-out: expands only. Old processes seal with the newest data key at once and do not know `active_at`: rekey after all
-- processes are new. They also cannot open what new ones seal for the installation itself (a signing key made meanwhile):
-- such a key verifies for them and another one signs.

-- A data key seals from this instant on, so that every process knows it before the first value needs it.
alter table org_keys add column active_at timestamptz not null default now();

-- The installation's own data keys, wrapped by a master key as those of organisations are.
create table installation_keys (
  version int primary key,
  master_key text not null,
  wrapped bytea not null,
  created_at timestamptz not null default now()
);
grant select, insert, update (master_key, wrapped) on installation_keys to recoup_system;

-- Signing what has grown: across organisations, the heads of their audit logs are compared with what was signed.
select recoup_system_access('audit_heads', 'select');
