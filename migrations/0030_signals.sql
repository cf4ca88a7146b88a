-- Roll-out: adds tables only; the followers that keep the views start with the release and read the ledger from its beginning.
--
-- Signals: what every source tells of the business, and the views made from them (docs/decisions/0011-signals-and-scores.md).

-- Places of business. A signal that names an unknown one makes it.
create table locations (
  org_id uuid not null,
  id uuid not null,
  key text not null,                         -- as sources name it, folded
  name text not null,
  time_zone text,                            -- null: the organisation's
  monthly_capacity int,                      -- bookings a month it can take; null: unknown
  settings jsonb not null default '{}',      -- what is edited of the defaults of the scores
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  unique (org_id, key)
);
select recoup_tenant_table('locations');

-- What is edited of the defaults of the scores, for the whole organisation.
create table scoring_settings (
  org_id uuid primary key,
  value jsonb not null,
  updated_at timestamptz not null default now()
);
select recoup_tenant_table('scoring_settings');
select recoup_system_access('scoring_settings', 'select');

-- The id is derived from source and external id, so that telling a signal again finds it. A signal that names a lead is found by
-- it, another by its contact: each row is in one of the two indexes.
create table signals (
  org_id uuid not null,
  id uuid not null,
  at timestamptz not null,
  kind text not null,
  source text not null,
  external_id text not null,
  location_id uuid,
  lead uuid,                                 -- a keyed digest of the lead's outside key, a lead of ours, or its own id where it opens one
  contact uuid,                              -- a keyed digest of the contact, or a contact of ours
  minor bigint,                              -- in the organisation's currency
  original jsonb,                            -- amount and currency as told, where it was another currency
  data jsonb,
  batch uuid not null,                       -- what landed with it
  hidden_at timestamptz,                     -- the erasure of the contact was asked for
  erased_at timestamptz,                     -- nothing of the contact is left in it; it is not corrected any more
  primary key (org_id, id)
);
select recoup_tenant_table('signals');
create index signals_by_lead on signals (org_id, lead) where lead is not null;
create index signals_by_contact on signals (org_id, contact) where lead is null and contact is not null;
create index signals_by_time on signals (org_id, kind, at);

-- What a correction replaced: the row as it stood, with the batch it came in and the batch that replaced it.
create table signal_revisions (
  org_id uuid not null,
  id uuid not null,
  replaced_by uuid not null,
  batch uuid not null,
  content jsonb not null,
  primary key (org_id, id, replaced_by)
);
select recoup_tenant_table('signal_revisions');

-- Batches that landed and are not in the views yet: what each adds to the daily sums, and whom it touches. The row goes when its
-- batch is applied or when the views are rebuilt, so that each counts once.
create table signal_batches (
  org_id uuid not null,
  id uuid not null,
  landed_at timestamptz not null default now(),
  rows int not null,
  sums jsonb not null,                       -- [[day, location, source, metric, n, amount], …]
  leads uuid[] not null,
  contacts uuid[] not null,
  primary key (org_id, id)
);
select recoup_tenant_table('signal_batches');

-- Two names of one person: a digest of an email address or a phone number, or a contact that was merged, and a contact of ours.
create table contact_aliases (
  org_id uuid not null,
  alias uuid not null,
  contact uuid not null,
  primary key (org_id, alias, contact)
);
select recoup_tenant_table('contact_aliases');
create index contact_aliases_by_contact on contact_aliases (org_id, contact);

-- What became of each lead, folded from its signals: nothing in a row depends on the present.
create table journeys (
  org_id uuid not null,
  id uuid not null,                          -- the lead
  contact uuid,
  location_id uuid,
  source text not null,
  opening text not null,                     -- call or message
  arrived_at timestamptz not null,
  answered_after_s bigint,                   -- null: never yet
  answered_after_business_s bigint,
  attempts int not null default 0,
  reached_at timestamptz,
  quoted_at timestamptz,
  booked_at timestamptz,
  no_show_at timestamptz,
  paid_at timestamptz,
  closed_at timestamptz,                     -- somebody said won or lost
  value_minor bigint not null default 0,     -- what it is worth: paid, else told by booking, quote or lead
  paid_minor bigint not null default 0,      -- payments less refunds
  returned boolean not null default false,   -- came back unaided after it had leaked
  leak_stage text,                           -- answer, respond, reach, book, show, pay
  leaks_at timestamptz,                      -- when the first leak falls due
  day date not null,                         -- of arrival, in the time zone of the place
  leaks_day date,
  hidden_at timestamptz,                     -- the erasure of the contact was asked for
  primary key (org_id, id)
);
select recoup_tenant_table('journeys');
create index journeys_by_day on journeys (org_id, day, id);
create index journeys_by_contact on journeys (org_id, contact) where contact is not null;
create index journeys_by_leak on journeys (org_id, leaks_at) where leaks_at is not null;
create index journeys_paid on journeys (org_id, day) where paid_minor > 0;

-- Sums by day, place and source: counts and minor units, so that days add up to the cent.
create table daily_metrics (
  org_id uuid not null,
  day date not null,
  location_id uuid not null default '00000000-0000-0000-0000-000000000000',   -- nil: no place was named
  source text not null,
  metric text not null,
  n bigint not null default 0,
  amount bigint not null default 0,          -- minor units, micro-points or seconds; see the metric
  primary key (org_id, day, location_id, source, metric)
);
select recoup_tenant_table('daily_metrics');
create index daily_metrics_by_metric on daily_metrics (org_id, metric, day);

-- Facts of a profile and of rivals that a person or a source measured: what competitive visibility is made of besides reviews.
create table visibility_facts (
  org_id uuid not null,
  location_id uuid not null default '00000000-0000-0000-0000-000000000000',   -- nil: the whole organisation
  factor text not null,                      -- profile, on_page, behaviour, links, citations, social
  own double precision not null,
  rivals double precision[] not null default '{}',
  source text not null default 'measured',   -- measured, assumed
  updated_at timestamptz not null default now(),
  primary key (org_id, location_id, factor)
);
select recoup_tenant_table('visibility_facts');

-- One row a day, place and score: the value as it stood last on that day.
create table scores (
  org_id uuid not null,
  location_id uuid not null default '00000000-0000-0000-0000-000000000000',   -- nil: the whole organisation
  type text not null,
  day date not null,
  value double precision,                    -- null: insufficient data
  unit text not null,
  low double precision,
  base double precision,
  high double precision,
  coverage double precision not null,
  version int not null,
  detail jsonb not null,                     -- components, inputs and their sources
  calculated_at timestamptz not null,
  primary key (org_id, location_id, type, day)
);
select recoup_tenant_table('scores');
select recoup_system_access('scores', 'select');

-- Quantiles of organisations that agreed to share, never of fewer than ten. Of no organisation.
create table benchmark_quantiles (
  industry text not null,
  size text not null,
  type text not null,
  organisations int not null check (organisations >= 10),
  p25 double precision not null,
  p50 double precision not null,
  p75 double precision not null,
  measured_on date not null,
  primary key (industry, size, type)
);
grant select on benchmark_quantiles to recoup_app;
grant select, insert, update, delete on benchmark_quantiles to recoup_system;
