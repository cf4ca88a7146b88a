-- Roll-out: adds tables only; the follower that keeps the sums starts with the release and reads the ledger from its beginning.
--
-- What analytics shows besides the daily metrics: agents, languages, channels and the hours of the week, from the ledger; and what
-- the command centre keeps for its members.

-- Sums by day (of the organisation's time zone), dimension, key and metric. Dimensions and their keys: agent (a person of the
-- organisation), language (as the ledger names it), channel, hour (weekday 1 to 7 from Monday, and the hour: 1-09).
create table desk_metrics (
  org_id uuid not null,
  dimension text not null,
  day date not null,
  key text not null,
  metric text not null,
  n bigint not null default 0,
  amount bigint not null default 0,          -- seconds of waiting, for metrics of answers
  primary key (org_id, dimension, day, key, metric)
);
select recoup_tenant_table('desk_metrics');

-- What a member saw of the command centre when they last looked, and when their present visit began: sums from a day on, so that
-- the difference to the same sums now is what happened since.
create table centre_looks (
  org_id uuid not null,
  member_id uuid not null,
  looked_at timestamptz not null,
  last jsonb not null,                       -- sums at that instant: {from, sums}
  since timestamptz,                         -- when the visit before ended; null: this is the first
  base jsonb,                                -- the sums at that instant
  primary key (org_id, member_id)
);
select recoup_tenant_table('centre_looks');

-- Actions of the command centre that somebody approved.
create table centre_actions (
  org_id uuid not null,
  key text not null,                         -- which action, such as follow_up:respond
  approved_by text not null,                 -- an actor
  approved_at timestamptz not null,
  title text not null,
  expected_minor bigint,                     -- what it was expected to bring a month
  task_id uuid,                              -- the task that it made
  play text,                                 -- the play that it started
  primary key (org_id, key)
);
select recoup_tenant_table('centre_actions');
