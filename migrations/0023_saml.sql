-- Roll-out: expand only; older processes do not know the table and offer no SAML.

-- Assertions that signed somebody in, until a copy would be refused for its age.
create table saml_assertions (
  org_id uuid not null,
  connection_id uuid not null,
  assertion_hash bytea not null,     -- of the ID that the identity provider gave it
  used_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (org_id, connection_id, assertion_hash),
  foreign key (org_id, connection_id) references sso_connections (org_id, id) on delete cascade
);
select recoup_tenant_table('saml_assertions');
create index saml_assertions_by_age on saml_assertions (org_id, expires_at);
