-- Roll-out: adds tables only; older processes neither make nor send reports.
--
-- Reports: what they are made of, when they are made, what became of them, and who may read them from outside.

-- What a report of one's own is made of.
create table report_designs (
  org_id uuid not null,
  id uuid not null,
  name text not null,
  design jsonb not null,                     -- metrics, grouping, chart, days, filters
  by_actor text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (org_id, id)
);
select recoup_tenant_table('report_designs');

-- When a report is made and to whom it goes.
create table report_schedules (
  org_id uuid not null,
  id uuid not null,
  name text not null,
  kind text not null check (kind in ('briefing', 'performance', 'custom')),
  design_id uuid,                            -- of a custom one
  location_id uuid,                          -- null: the whole organisation
  time_zone text not null,                   -- days and the hour are of this one
  days smallint[] not null,                  -- 1 is Monday, 7 is Sunday
  minute_of_day smallint not null check (minute_of_day between 0 and 1439),
  formats text[] not null,
  recipients text[] not null,                -- members' and partners' addresses
  enabled boolean not null,
  next_at timestamptz not null,
  by_actor text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (org_id, id),
  foreign key (org_id, design_id) references report_designs (org_id, id) on delete cascade
);
select recoup_tenant_table('report_schedules');
create index report_schedules_due on report_schedules (org_id, next_at) where enabled;

-- A report that was made, or is being made. The sheet is its content; every file of it is made from that.
create table reports (
  org_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('briefing', 'performance', 'custom')),
  title text not null,
  design jsonb,                              -- of a custom one, as it was when it was asked for
  format text not null,
  from_day date not null,                    -- the first day it covers
  to_day date not null,
  day date not null,                         -- the day it is read
  location_id uuid,
  schedule_id uuid,                          -- null: asked for by hand
  status text not null default 'waiting' check (status in ('waiting', 'ready', 'failed')),
  error text,
  by_actor text not null,
  at timestamptz not null,
  ready_at timestamptz,
  sheet bytea,                               -- sealed
  primary key (org_id, id)
);
select recoup_tenant_table('reports');

-- A schedule makes a report once a day.
create table report_runs (
  org_id uuid not null,
  schedule_id uuid not null,
  day date not null,
  report_id uuid not null,
  primary key (org_id, schedule_id, day),
  foreign key (org_id, schedule_id) references report_schedules (org_id, id) on delete cascade
);
select recoup_tenant_table('report_runs');

-- What became of a report on its way to each recipient.
create table report_deliveries (
  org_id uuid not null,
  id uuid not null,
  schedule_id uuid not null,
  report_id uuid not null,
  day date not null,
  recipient text not null,
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'failed')),
  attempts int not null default 0,
  error text,
  at timestamptz not null,
  settled_at timestamptz,
  primary key (org_id, id),
  unique (org_id, report_id, recipient),
  foreign key (org_id, schedule_id) references report_schedules (org_id, id) on delete cascade
);
select recoup_tenant_table('report_deliveries');
create index report_deliveries_by_schedule on report_deliveries (org_id, schedule_id, day);

-- A link by which somebody outside reads a report: whoever has it, until it ends or is revoked.
create table report_shares (
  org_id uuid not null,
  id uuid not null,
  report_id uuid not null,
  token_hash bytea not null,
  until timestamptz not null,
  revoked_at timestamptz,
  views int not null default 0,
  viewed_at timestamptz,
  by_actor text not null,
  at timestamptz not null,
  primary key (org_id, id),
  unique (org_id, token_hash),
  foreign key (org_id, report_id) references reports (org_id, id) on delete cascade
);
select recoup_tenant_table('report_shares');
create index report_shares_by_report on report_shares (org_id, report_id);
