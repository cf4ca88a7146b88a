-- Roll-out: adds tables only; older processes do not know them.
--
-- What models may cost, what they have cost, what they answered before, and every decision they took part in.

-- Limits of the plans: data, not code. Null is no limit. Tokens count question and answer; micros are millionths of a US dollar.
create table ai_plan_limits (
  plan text primary key,
  tokens_day bigint,
  tokens_month bigint,
  micros_day bigint,
  micros_month bigint,
  tokens_conversation bigint,
  tokens_turn bigint,
  calls_turn bigint not null,
  tools_turn bigint not null
);
grant select on ai_plan_limits to recoup_app, recoup_system;
insert into ai_plan_limits values
  ('free',          10000,   200000, null, null,  10000, 10000, 4,  8),
  ('starter',       50000,  1000000, null, null,  25000, 16000, 6, 12),
  ('pro',          100000,  2000000, null, null,  50000, 24000, 8, 16),
  ('enterprise',  1000000, 20000000, null, null, 200000, 48000, 8, 24);

-- An organisation's own limits; a null column means the plan's. Its owner may lower what the plan allows.
create table ai_limits (
  org_id uuid primary key references organisations (id),
  tokens_day bigint,
  tokens_month bigint,
  micros_day bigint,
  micros_month bigint,
  tokens_conversation bigint,
  tokens_turn bigint,
  calls_turn bigint,
  tools_turn bigint,
  updated_at timestamptz not null default now()
);
select recoup_tenant_table('ai_limits');

-- What was used and what is set aside, a row for each day, month, conversation and turn. Rows are always locked in the
-- order of (scope, period), so that parallel calls wait for one another and never deadlock.
create table ai_spend (
  org_id uuid not null,
  scope text not null,
  period text not null,              -- 2026-11-20, 2026-11, or the id of the conversation or turn
  tokens_used bigint not null default 0,
  tokens_reserved bigint not null default 0,
  micros_used bigint not null default 0,
  micros_reserved bigint not null default 0,
  calls bigint not null default 0,
  tools bigint not null default 0,
  updated_at timestamptz not null default now(),
  primary key (org_id, scope, period)
) with (fillfactor = 70);
select recoup_tenant_table('ai_spend');

-- What a call under way has set aside. One that is never settled (a crash) is counted as used in full: the call may have been made.
create table ai_reservations (
  org_id uuid not null,
  id uuid not null,
  at timestamptz not null,
  scopes text[] not null,
  periods text[] not null,
  tokens bigint not null,
  micros bigint not null,
  primary key (org_id, id)
);
select recoup_tenant_table('ai_reservations');
create index ai_reservations_by_age on ai_reservations (org_id, at);

-- Answers given before. The context is a fingerprint of everything but the question (knowledge, voice, prompt, model tier,
-- language), so a change of any of them misses. The answer is sealed by the vault.
create table ai_cache (
  org_id uuid not null,
  context bytea not null,
  question bytea not null,           -- fingerprint of the normalised question
  vector bytea,                      -- little-endian f32, where an embedder was there
  telling text[] not null,           -- numbers, days, negations: two questions that differ in them are not the same
  answer bytea not null,
  hits bigint not null default 0,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (org_id, context, question)
);
select recoup_tenant_table('ai_cache');
create index ai_cache_by_expiry on ai_cache (org_id, expires_at);

-- Decision records. What is personal (inputs, stages, output) is in `sealed`: JSON, deflated, encrypted by the vault with
-- `ai_decisions/<id>` as associated data.
create table ai_decisions (
  org_id uuid not null,
  id uuid not null,
  at timestamptz not null,
  kind text not null,
  conversation_id uuid,
  message_id uuid,
  policy text not null,
  provider text not null,            -- local where no model was asked
  model text not null default '',
  outcome text not null,
  confidence real,
  tokens_in bigint not null default 0,
  tokens_out bigint not null default 0,
  cost_micros bigint not null default 0,
  latency_us bigint not null default 0,
  chunk_ids uuid[] not null default '{}',
  chunk_hashes bytea[] not null default '{}',
  sealed bytea not null,
  primary key (org_id, id)
);
select recoup_tenant_table('ai_decisions');
create index ai_decisions_by_conversation on ai_decisions (org_id, conversation_id, id) where conversation_id is not null;
create index ai_decisions_by_message on ai_decisions (org_id, message_id) where message_id is not null;
