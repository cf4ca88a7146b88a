-- Roll-out: expand only; nothing reads these tables before this release.
--
-- People are one list for the whole installation (a person may be in several organisations); everything else belongs to an
-- organisation. Secrets are kept as SHA-256 (they are random), passwords as Argon2id.

create table users (
  id uuid primary key,
  email text not null,               -- trimmed, lower case
  name text not null,
  password_hash text not null,
  created_at timestamptz not null,
  constraint users_email unique (email)
);
alter table users enable row level security;
alter table users force row level security;
create policy system on users to recoup_system using (true) with check (true);
grant select, update on users to recoup_system;

create table members (
  org_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  role text not null check (role in ('owner', 'admin', 'analyst', 'agent', 'viewer')),
  joined_at timestamptz not null,
  primary key (org_id, id),
  constraint members_once unique (org_id, user_id)
);
select recoup_tenant_table('members');
select recoup_system_access('members', 'select');
create index members_by_user on members (user_id);

-- An organisation sees the people who are its members, without their password hashes; it can bring in a new person.
create policy fellows on users for select to recoup_app
  using (exists (select 1 from members m where m.org_id = recoup_org() and m.user_id = users.id));
create policy newcomers on users for insert to recoup_app with check (true);
grant select (id, email, name, created_at) on users to recoup_app;
grant insert on users to recoup_app;

-- Registering writes the organisation's own row in its own transaction (the policy allows no other).
grant insert on organisations to recoup_app;

create table sessions (
  org_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  kind text not null check (kind in ('browser', 'token')),
  token_hash bytea,                  -- of the cookie; token sessions have refresh tokens instead
  created_at timestamptz not null,
  seen_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  ip text not null default '',
  agent text not null default '',
  primary key (org_id, id)
);
select recoup_tenant_table('sessions');
select recoup_system_access('sessions', 'select, update');
create index sessions_by_token on sessions (token_hash) where token_hash is not null;
create index sessions_by_user on sessions (org_id, user_id, created_at);

create table refresh_tokens (
  org_id uuid not null,
  token_hash bytea not null,
  session_id uuid not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  primary key (org_id, token_hash),
  foreign key (org_id, session_id) references sessions (org_id, id) on delete cascade
);
select recoup_tenant_table('refresh_tokens');
select recoup_system_access('refresh_tokens', 'select');
create index refresh_tokens_by_hash on refresh_tokens (token_hash);
create index refresh_tokens_by_session on refresh_tokens (org_id, session_id);

create table invites (
  org_id uuid not null,
  id uuid not null,
  email text not null,
  role text not null check (role in ('owner', 'admin', 'analyst', 'agent', 'viewer')),
  token_hash bytea not null,
  invited_by text not null,          -- an actor
  created_at timestamptz not null,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  revoked_at timestamptz,
  primary key (org_id, id)
);
select recoup_tenant_table('invites');
select recoup_system_access('invites', 'select');
create unique index invites_open on invites (org_id, email) where accepted_at is null and revoked_at is null;
create index invites_by_token on invites (token_hash);

create table api_keys (
  org_id uuid not null,
  id uuid not null,
  name text not null,
  start text not null,               -- the first characters, to recognise it by
  key_hash bytea not null,
  scopes text[] not null,
  made_by uuid,                      -- a user: a key never may more than its maker; null when the operator made it
  created_at timestamptz not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  primary key (org_id, id)
);
select recoup_tenant_table('api_keys');
select recoup_system_access('api_keys', 'select, update');
create index api_keys_by_hash on api_keys (key_hash);

-- Append-only; each hash covers the hash before it. `detail` is JSON kept as text, because the hash covers its bytes.
create table audit_log (
  org_id uuid not null,
  id uuid not null,
  seq bigint not null,
  at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail text not null,
  ip text not null,
  hash bytea not null,
  primary key (org_id, id),
  constraint audit_log_chain unique (org_id, seq)
);
select recoup_tenant_table('audit_log');
revoke update, delete on audit_log from recoup_app;
create index audit_log_by_action on audit_log (org_id, action, seq);
create index audit_log_by_actor on audit_log (org_id, actor, seq);

-- The last link of each chain: locked while one is added.
create table audit_heads (
  org_id uuid primary key,
  seq bigint not null,
  hash bytea not null
);
select recoup_tenant_table('audit_heads');
revoke delete on audit_heads from recoup_app;

-- Refused sign-ins by email, whether or not anybody has that email.
create table sign_in_refusals (
  email_hash bytea primary key,
  count int not null,
  at timestamptz not null,
  closed_until timestamptz
);
grant select, insert, update, delete on sign_in_refusals to recoup_system;
create index sign_in_refusals_by_age on sign_in_refusals (at);

-- Ed25519 keys that sign access tokens; the private half is sealed with the master key.
create table signing_keys (
  kid text primary key,
  public_key bytea not null,
  sealed bytea not null,
  master_key text not null,
  created_at timestamptz not null
);
grant select, insert, delete on signing_keys to recoup_system;
