-- Roll-out: expand only. Old processes do not know a suspended member: until the last of them is gone such a member can still
-- sign in there.
--
-- Members get what an identity provider says about them (SCIM 2.0), teams are what it calls groups.

alter table members
  add column suspended_at timestamptz,
  add column changed_at timestamptz,
  add column user_name text,         -- SCIM's userName as it was sent; the email until a provider says otherwise
  add column external_id text,       -- the provider's own id
  add column emails text[],          -- SCIM's emails in lower case, to search by
  add column scim jsonb;             -- SCIM's other attributes; null until a provider wrote this member
-- A column and not an index on lower(): under row-level security only plain equality may use an index.
alter table members add column user_key text generated always as (lower(user_name)) stored;
update members m set user_name = u.email from users u where u.id = m.user_id;
create unique index members_user_name on members (org_id, user_key);
create index members_by_external_id on members (org_id, external_id) where external_id is not null;

create table teams (
  org_id uuid not null,
  id uuid not null,
  name text not null,
  name_key text generated always as (lower(name)) stored,
  external_id text,
  version bigint not null default 1, -- grows with every change, that of its members included
  created_at timestamptz not null,
  changed_at timestamptz not null,
  primary key (org_id, id)
);
select recoup_tenant_table('teams');
create unique index teams_name on teams (org_id, name_key);
create index teams_by_external_id on teams (org_id, external_id) where external_id is not null;

create table team_members (
  org_id uuid not null,
  team_id uuid not null,
  member_id uuid not null,
  added_at timestamptz not null,
  primary key (org_id, team_id, member_id),
  foreign key (org_id, team_id) references teams (org_id, id) on delete cascade,
  foreign key (org_id, member_id) references members (org_id, id) on delete cascade
);
select recoup_tenant_table('team_members');
create index team_members_by_member on team_members (org_id, member_id);

-- The last requests of the identity provider, fifty to an organisation: request `seq` is kept at `seq % 50`.
create table scim_heads (
  org_id uuid primary key,
  seq bigint not null
);
select recoup_tenant_table('scim_heads');

create table scim_requests (
  org_id uuid not null,
  slot smallint not null,
  seq bigint not null,
  at timestamptz not null,
  key_id uuid,                       -- null when nobody was recognised
  method text not null,
  path text not null,                -- without the query, which may name a person
  status smallint not null,
  reason text not null,
  agent text not null,
  primary key (org_id, slot)
);
select recoup_tenant_table('scim_requests');
