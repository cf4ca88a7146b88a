-- Roll-out: expand only; older processes neither read these tables nor the new column. While both versions run, the older one
-- still lets people in by password where only single sign-on is allowed: finish the roll-out before switching that on.

-- An identity provider of the organisation.
create table sso_connections (
  org_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('oidc', 'saml')),
  name text not null,
  enabled boolean not null,
  issuer text not null,              -- the issuer (OIDC), the entity id (SAML)
  settings jsonb not null,           -- what its kind needs besides
  secret bytea,                      -- sealed: the client's secret (OIDC), our private key (SAML)
  group_roles jsonb not null,        -- [{"group", "role"}]: the first whose group the person has
  default_role text check (default_role in ('admin', 'analyst', 'agent', 'viewer')),  -- null: no group, no entry
  just_in_time boolean not null,     -- whether somebody unknown becomes a member by arriving
  idp_initiated boolean not null,    -- SAML: whether the provider may begin
  created_at timestamptz not null,
  updated_at timestamptz not null,
  tested_at timestamptz,
  test jsonb,                        -- the steps of the last test
  primary key (org_id, id)
);
select recoup_tenant_table('sso_connections');
select recoup_system_access('sso_connections', 'select');
create index sso_connections_by_id on sso_connections (id);

-- An email domain the organisation says is its own. Two organisations may verify one domain: each proved that it rules it.
create table sso_domains (
  org_id uuid not null,
  domain text not null,              -- lower case
  token text not null,               -- the record's value after `recoup-verification=`
  created_at timestamptz not null,
  verified_at timestamptz,
  verified_by text check (verified_by in ('dns', 'operator')),
  primary key (org_id, domain)
);
select recoup_tenant_table('sso_domains');
select recoup_system_access('sso_domains', 'select');
create index sso_domains_verified on sso_domains (domain) where verified_at is not null;

-- Who a provider's account is. It outlives a membership, so that somebody who was removed does not come back by arriving.
create table sso_links (
  org_id uuid not null,
  connection_id uuid not null,
  subject text not null,
  user_id uuid not null,
  email text not null,               -- as the provider said last
  created_at timestamptz not null,
  seen_at timestamptz not null,
  primary key (org_id, connection_id, subject),
  constraint sso_links_person unique (org_id, connection_id, user_id),
  foreign key (org_id, connection_id) references sso_connections (org_id, id) on delete cascade
);
select recoup_tenant_table('sso_links');

-- Somebody on their way to a provider and back.
create table sso_attempts (
  org_id uuid not null,
  state_hash bytea not null,
  connection_id uuid not null,
  browser_hash bytea not null,       -- of the cookie that only the browser which began has
  kept jsonb not null,               -- what its kind compares on the way back
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (org_id, state_hash),
  foreign key (org_id, connection_id) references sso_connections (org_id, id) on delete cascade
);
select recoup_tenant_table('sso_attempts');
create index sso_attempts_by_age on sso_attempts (org_id, expires_at);

-- A row while members on verified domains sign in by their provider only.
create table sso_only (
  org_id uuid primary key,
  since timestamptz not null,
  set_by text not null               -- an actor
);
select recoup_tenant_table('sso_only');
select recoup_system_access('sso_only', 'select');

-- Who was removed or left: they come back by an invitation, not by arriving from a provider.
create table former_members (
  org_id uuid not null,
  user_id uuid not null,
  left_at timestamptz not null,
  primary key (org_id, user_id)
);
select recoup_tenant_table('former_members');

-- How a session began, when a provider vouched for the person.
alter table sessions add column sso_connection uuid;
