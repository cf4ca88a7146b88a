-- Roll-out: new tables only.

-- Names, e-mail addresses and phone numbers are sealed; the *_index columns are keyed fingerprints for equality search.
create table contacts (
  org_id uuid not null,
  id uuid not null,
  name bytea,
  name_index bytea,
  username bytea,
  username_index bytea,
  email bytea,
  email_index bytea,
  phone bytea,
  phone_index bytea,
  company text,
  language text,
  first_channel text,
  custom jsonb not null default '{}',
  merged_into uuid,
  erased_at timestamptz,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  primary key (org_id, id)
);
select recoup_tenant_table('contacts');
create index contacts_by_email on contacts (org_id, email_index) where email_index is not null;
create index contacts_by_phone on contacts (org_id, phone_index) where phone_index is not null;
create index contacts_by_name on contacts (org_id, name_index) where name_index is not null;
create index contacts_by_username on contacts (org_id, username_index) where username_index is not null;

-- A person on one connected account. Platform ids are scoped to it; a phone number is never required.
create table contact_identities (
  org_id uuid not null,
  channel_id uuid not null,
  platform_id text not null,
  channel_kind text not null,
  contact_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (org_id, channel_id, platform_id),
  foreign key (org_id, contact_id) references contacts (org_id, id)
);
select recoup_tenant_table('contact_identities');
create index contact_identities_by_contact on contact_identities (org_id, contact_id);

-- Merges, with what is needed to undo them.
create table contact_merges (
  org_id uuid not null,
  id uuid not null,
  kept_id uuid not null,
  merged_id uuid not null,
  moved jsonb not null,               -- identities, conversations and leads that changed hands
  by_actor text not null,
  at timestamptz not null default now(),
  undone_at timestamptz,
  primary key (org_id, id)
);
select recoup_tenant_table('contact_merges');

create table leads (
  org_id uuid not null,
  id uuid not null,
  contact_id uuid not null,
  conversation_id uuid,
  channel_kind text,
  stage text not null default 'new',
  score int not null default 0 check (score between 0 and 100),
  tag text not null default 'COLD' check (tag in ('HOT', 'WARM', 'COLD')),
  tag_by text not null default 'rules',      -- rules, or the actor who set it by hand
  tag_at timestamptz not null default now(), -- when it last changed: between us and a CRM the newer change wins
  signals jsonb not null default '[]',       -- [{name, points}]: they add up to the score before it is clamped
  topic text,
  intent text,
  recommended_action text,
  summary text,
  value_minor bigint,
  currency text not null default 'USD',
  owner_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  closed_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, contact_id) references contacts (org_id, id)
);
select recoup_tenant_table('leads');
-- One open lead a contact: a second wish of the same person belongs to it.
create unique index leads_open on leads (org_id, contact_id) where closed_at is null;
create index leads_by_tag on leads (org_id, tag, updated_at desc, id desc);
create index leads_by_time on leads (org_id, updated_at desc, id desc);
create index leads_by_stage on leads (org_id, stage, updated_at desc, id desc);
create index leads_by_contact on leads (org_id, contact_id);

create table activities (
  org_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  kind text not null check (kind in ('note', 'call', 'email', 'meeting', 'stage_change', 'task')),
  title text not null default '',
  body text not null default '',
  starts_at timestamptz,
  ends_at timestamptz,
  by_actor text not null,
  at timestamptz not null default now(),
  primary key (org_id, id),
  foreign key (org_id, lead_id) references leads (org_id, id)
);
select recoup_tenant_table('activities');
create index activities_by_lead on activities (org_id, lead_id, at desc, id desc);

-- Connections to CRMs, and what of ours each holds.
create table crm_connections (
  org_id uuid not null,
  id uuid not null,
  system text not null,
  account_id text not null default '',
  access_token bytea not null,        -- sealed
  refresh_token bytea,                -- sealed
  token_expires_at timestamptz,
  mapping jsonb not null default '{}',
  status text not null default 'connected' check (status in ('connected', 'reauthorise', 'paused', 'disconnected')),
  last_error text,
  last_synced_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  unique (org_id, system)
);
select recoup_tenant_table('crm_connections');
-- A CRM's webhook names its account, not an organisation.
select recoup_system_access('crm_connections', 'select');
create index crm_connections_by_account on crm_connections (system, account_id);

create table crm_links (
  org_id uuid not null,
  system text not null,
  lead_id uuid not null,
  remote_contact_id text,
  remote_deal_id text,
  remote_note_id text,
  remote_status text,                 -- the lead status as the CRM has it, as far as we know
  note_started_at timestamptz,        -- a note whose answer was lost is not written twice
  synced_hash text,                   -- what was written last: an unchanged lead is not written again, our own write is no change
  synced_at timestamptz,
  last_error text,
  attempts int not null default 0,
  primary key (org_id, system, lead_id),
  foreign key (org_id, lead_id) references leads (org_id, id)
);
select recoup_tenant_table('crm_links');
create index crm_links_by_remote on crm_links (org_id, system, remote_contact_id);
