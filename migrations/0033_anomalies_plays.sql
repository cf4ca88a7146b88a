-- Roll-out: adds tables and indexes only; older processes know nothing of them. No play acts before somebody switches it on.
--
-- Days out of the ordinary, and recovery plays with their holdouts.

-- A metric at a place that was out of the ordinary from `day` to `last_day`. The id is derived from the key, so that looking again
-- finds it.
create table anomalies (
  org_id uuid not null,
  id uuid not null,
  metric text not null,
  location_id uuid not null default '00000000-0000-0000-0000-000000000000',   -- nil: the whole organisation
  day date not null,
  last_day date not null,
  value double precision not null,           -- of the last day
  expected double precision not null,
  low double precision not null,
  high double precision not null,
  z double precision not null,               -- positive: more than expected
  days int not null,                         -- days in a row that z is measured over
  evidence jsonb not null,                   -- the series with its band, and what explains it
  state text not null default 'open' check (state in ('open', 'acknowledged', 'muted')),
  by_actor text,                             -- who acknowledged it
  acted_at timestamptz,
  found_at timestamptz not null,
  primary key (org_id, id),
  unique (org_id, location_id, metric, day)
);
select recoup_tenant_table('anomalies');
create index anomalies_by_day on anomalies (org_id, last_day desc, id);

-- The last closed day that was looked at, by place.
create table anomaly_marks (
  org_id uuid not null,
  location_id uuid not null,
  day date not null,
  primary key (org_id, location_id)
);
select recoup_tenant_table('anomaly_marks');

-- Metrics nobody wants to hear of.
create table anomaly_mutes (
  org_id uuid not null,
  metric text not null,
  by_actor text not null,
  at timestamptz not null,
  primary key (org_id, metric)
);
select recoup_tenant_table('anomaly_mutes');

-- Where alerts go.
create table alert_settings (
  org_id uuid primary key,
  emails text[] not null default '{}',
  slack_url bytea,                           -- sealed: whoever knows it can post
  webhook_url text,
  webhook_secret bytea,                      -- sealed
  updated_at timestamptz not null
);
select recoup_tenant_table('alert_settings');

-- One alert an anomaly and channel: an intent before it is a call.
create table anomaly_alerts (
  org_id uuid not null,
  anomaly_id uuid not null,
  channel text not null check (channel in ('email', 'slack', 'webhook')),
  state text not null default 'queued' check (state in ('queued', 'sending', 'sent', 'failed', 'unknown')),
  error text,
  at timestamptz not null,
  primary key (org_id, anomaly_id, channel),
  foreign key (org_id, anomaly_id) references anomalies (org_id, id) on delete cascade
);
select recoup_tenant_table('anomaly_alerts');

-- What an organisation chose of each play.
create table plays (
  org_id uuid not null,
  play text not null,
  enabled boolean not null default false,
  holdout_percent int not null default 10 check (holdout_percent between 5 and 50),
  message text not null,
  updated_at timestamptz not null,
  primary key (org_id, play)
);
select recoup_tenant_table('plays');

-- Leads that met a play: treated, held back, or exempt from chance.
create table play_enrolments (
  org_id uuid not null,
  id uuid not null,
  play text not null,
  lead uuid not null,
  contact uuid not null,
  location_id uuid,
  arm text not null check (arm in ('treated', 'held', 'exempt')),
  exempt text check (exempt in ('urgent', 'regulated')),
  stratum int not null,
  before_minor bigint not null,              -- paid in the year before
  triggered_at timestamptz not null,
  enrolled_at timestamptz not null,
  action text not null default 'none' check (action in ('none', 'due', 'message', 'task', 'not_needed', 'nobody')),
  action_id uuid,                            -- the message or the activity
  acted_at timestamptz,
  outcome_minor bigint not null default 0,   -- paid within the window
  hidden_at timestamptz,                     -- the erasure of the contact was asked for
  primary key (org_id, id),
  unique (org_id, play, lead, triggered_at)
);
select recoup_tenant_table('play_enrolments');
create index play_enrolments_by_time on play_enrolments (org_id, play, enrolled_at desc, id);
create index play_enrolments_by_contact on play_enrolments (org_id, contact);

create index journeys_no_show on journeys (org_id, no_show_at) where no_show_at is not null;
create index journeys_last_paid on journeys (org_id, paid_at) where paid_at is not null;
