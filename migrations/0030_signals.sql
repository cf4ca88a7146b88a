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

-- The id is derived from source and external id, so that telling a signal again finds it.
create table signals (
  org_id uuid not null,
  id uuid not null,
  at timestamptz not null,
  kind text not null,
  source text not null,
  external_id text not null,
  location_id uuid,
  lead uuid,                                 -- derived from the lead's outside key, or a lead of ours
  contact uuid,                              -- a keyed digest of the contact, or a contact of ours
  minor bigint,                              -- in the organisation's currency
  original jsonb,                            -- amount and currency as told, where it was another currency
  data jsonb,
  batch uuid not null,                       -- what landed with it
  primary key (org_id, id)
);
select recoup_tenant_table('signals');
create index signals_by_batch on signals (org_id, batch);
create index signals_by_lead on signals (org_id, lead) where lead is not null;
create index signals_by_contact on signals (org_id, contact) where contact is not null;
create index signals_by_time on signals (org_id, kind, at);

-- What a correction replaced: the row as it stood, with the batch it came in and the batch that replaced it. `batch` null in
-- `signals` terms means it was withdrawn by nothing newer.
create table signal_revisions (
  org_id uuid not null,
  id uuid not null,
  replaced_by uuid not null,
  batch uuid not null,
  row jsonb not null,
  primary key (org_id, id, replaced_by)
);
select recoup_tenant_table('signal_revisions');
create index signal_revisions_by_batch on signal_revisions (org_id, batch);
create index signal_revisions_by_replacement on signal_revisions (org_id, replaced_by);

-- Two names of one person: a digest of an email address or a phone number, and a contact of ours.
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
  arrived_at timestamptz not null,
  answered_after_s bigint,                   -- null: never yet
  answered_after_business_s bigint,
  attempts int not null default 0,
  reached_at timestamptz,
  quoted_at timestamptz,
  booked_at timestamptz,
  no_show_at timestamptz,
  paid_at timestamptz,
  paid_minor bigint not null default 0,      -- payments less refunds
  returned boolean not null default false,   -- came back unaided after it had leaked
  leak_stage text,                           -- answer, respond, reach, book, show, pay
  leaks_at timestamptz,                      -- when the first leak falls due
  day date not null,                         -- of arrival, in the time zone of the place
  leaks_day date,
  primary key (org_id, id)
);
select recoup_tenant_table('journeys');
create index journeys_by_day on journeys (org_id, day);
create index journeys_by_leak on journeys (org_id, leaks_day) where leaks_day is not null;
create index journeys_unanswered on journeys (org_id, arrived_at) where answered_after_s is null;

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
