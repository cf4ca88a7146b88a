-- Roll-out: expand only. Older processes open sessions without `verified_at`: such a session proves itself again before it
-- does something sensitive. They do not ask for second factors, so nobody should set one up before all are replaced.
--
-- Second factors belong to a person, not to an organisation: these tables are read and written by the named functions of
-- crates/kernel/src/db/system alone, and the tenant role cannot touch them.

-- When the person behind a session last proved who they are, and how they came in. What an organisation's identity provider
-- says counts for that organisation alone.
alter table sessions add column verified_at timestamptz;
alter table sessions add column came_by text not null default 'password' check (came_by in ('password', 'passkey', 'sso'));

-- Authenticator apps (RFC 6238). The secret is sealed with the master key.
create table totp_secrets (
  user_id uuid primary key references users (id) on delete cascade,
  master_key text not null,
  sealed bytea not null,
  created_at timestamptz not null,
  confirmed_at timestamptz,          -- null while it is being set up: it counts for nothing yet
  last_step bigint not null default 0 -- the last time step whose code was accepted: none is accepted twice
);

-- Passkeys (WebAuthn). The key is the COSE_Key as the authenticator gave it.
create table passkeys (
  id uuid primary key,
  user_id uuid not null references users (id) on delete cascade,
  credential_id bytea not null check (octet_length(credential_id) between 1 and 1023),
  public_key bytea not null,
  sign_count bigint not null,
  backup_eligible boolean not null,
  backed_up boolean not null,
  transports text[] not null default '{}',
  name text not null,
  created_at timestamptz not null,
  last_used_at timestamptz,
  constraint passkeys_once unique (credential_id)
);
create index passkeys_by_user on passkeys (user_id, created_at);

-- Recovery codes, as SHA-256: 80 random bits each.
create table recovery_codes (
  user_id uuid not null references users (id) on delete cascade,
  code_hash bytea not null,
  created_at timestamptz not null,
  used_at timestamptz,
  primary key (user_id, code_hash)
);

-- Challenges given to authenticators, as SHA-256; each is taken once.
create table passkey_challenges (
  challenge_hash bytea primary key,
  purpose text not null check (purpose in ('register', 'sign_in', 'second_step', 'verify')),
  user_id uuid references users (id) on delete cascade, -- null: whoever signs in
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index passkey_challenges_by_age on passkey_challenges (expires_at);

-- Sign-ins whose password was right and whose second step is outstanding.
create table pending_sign_ins (
  token_hash bytea primary key,
  user_id uuid not null references users (id) on delete cascade,
  wanted uuid,                       -- the organisation that was asked for
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index pending_sign_ins_by_age on pending_sign_ins (expires_at);

do $$
declare t text;
begin
  foreach t in array array['totp_secrets', 'passkeys', 'recovery_codes', 'passkey_challenges', 'pending_sign_ins'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy system on %I to recoup_system using (true) with check (true)', t);
    execute format('grant select, insert, update, delete on %I to recoup_system', t);
  end loop;
end $$;

-- What an organisation asks of its members. No row: nothing.
create table factor_rules (
  org_id uuid primary key,
  required_at timestamptz not null,
  grace_days int not null check (grace_days between 0 and 90),
  sso_too boolean not null default false, -- also of those who come in through the organisation's identity provider
  set_by text not null               -- an actor
);
select recoup_tenant_table('factor_rules');
select recoup_system_access('factor_rules', 'select');
