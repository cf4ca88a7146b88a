-- Roll-out: adds tables only; the follower that keeps them starts with the release and reads the ledger from its beginning.
--
-- Daily roll-ups of the ledger, in UTC days: what the Command centre shows without reading messages.

create table daily_activity (
  org_id uuid not null,
  day date not null,
  channel text not null,
  received bigint not null default 0,
  sent_bot bigint not null default 0,
  sent_person bigint not null default 0,
  answered bigint not null default 0,        -- answers to somebody who waited
  answered_5min bigint not null default 0,   -- of them within 5 minutes
  leads bigint not null default 0,
  became_hot bigint not null default 0,
  primary key (org_id, day, channel)
);
select recoup_tenant_table('daily_activity');

-- How long people waited, as a histogram: bucket = floor(8 × log2(1 + seconds)), 9 % wide, so that days add up to a median.
create table daily_waits (
  org_id uuid not null,
  day date not null,
  bucket smallint not null,
  answers bigint not null default 0,
  primary key (org_id, day, bucket)
);
select recoup_tenant_table('daily_waits');

-- Who waits for an answer, from the ledger: a row from the first unanswered message to the answer.
create table open_waits (
  org_id uuid not null,
  conversation_id uuid not null,
  contact_id uuid not null,
  channel text not null,
  since timestamptz not null,
  reason text,                               -- why a person is needed, when the bot asked for one
  primary key (org_id, conversation_id)
);
select recoup_tenant_table('open_waits');
create index open_waits_by_age on open_waits (org_id, since);

-- The temperature of every open lead.
create table lead_temperatures (
  org_id uuid not null,
  lead_id uuid not null,
  tag text not null,
  score int not null default 0,
  is_open boolean not null default true,
  primary key (org_id, lead_id)
);
select recoup_tenant_table('lead_temperatures');
