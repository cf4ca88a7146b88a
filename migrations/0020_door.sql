-- Roll-out: expand only. Old processes know nothing of session policies and enforce none: set one after the roll-out.

-- Links to choose a new password by. People are one list for the installation, and so are these; the secret is kept as SHA-256.
create table password_resets (
  token_hash bytea primary key,
  user_id uuid not null references users (id) on delete cascade,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
grant select, insert, update, delete on password_resets to recoup_system;
create index password_resets_by_user on password_resets (user_id, created_at);

-- How long sessions of an organisation last and from which addresses it is reached; without a row, as long as ever and from
-- anywhere.
create table session_policies (
  org_id uuid primary key,
  idle_minutes int check (idle_minutes between 5 and 43200),
  longest_minutes int check (longest_minutes between 15 and 525600),
  networks text[] not null default '{}',
  updated_at timestamptz not null
);
select recoup_tenant_table('session_policies');
select recoup_system_access('session_policies', 'select');

-- Of which conversations that need a person a member is told by letter: none, those assigned to them, or also those assigned to
-- nobody. Without a row an owner is told of both, anybody else of their own.
create table member_notices (
  org_id uuid not null,
  member_id uuid not null,
  needs_human text not null check (needs_human in ('none', 'mine', 'all')),
  primary key (org_id, member_id),
  foreign key (org_id, member_id) references members (org_id, id) on delete cascade
);
select recoup_tenant_table('member_notices');

-- When a letter last said that a conversation needs a person: at most one an hour.
create table handoff_letters (
  org_id uuid not null,
  conversation_id uuid not null,
  sent_at timestamptz not null,
  primary key (org_id, conversation_id),
  foreign key (org_id, conversation_id) references conversations (org_id, id) on delete cascade
);
select recoup_tenant_table('handoff_letters');
