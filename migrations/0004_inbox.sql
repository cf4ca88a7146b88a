-- Roll-out: new tables only.

create extension if not exists btree_gin;

-- A group of settings of an organisation, such as auto_reply or brand_voice; the shape of each is a type of the inbox.
create table settings (
  org_id uuid not null,
  name text not null,
  value jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (org_id, name)
);
select recoup_tenant_table('settings');

create table channels (
  org_id uuid not null,
  id uuid not null,
  kind text not null,
  name text not null,
  account_id text not null,
  token bytea,                        -- sealed
  token_secret bytea,                 -- sealed (OAuth 1.0a)
  refresh_token bytea,                -- sealed
  token_expires_at timestamptz,
  parent_id text,                     -- the WhatsApp business account of a phone number, the page of an Instagram account
  status text not null default 'connected' check (status in ('connected', 'reauthorise', 'paused', 'disconnected')),
  subscribed boolean not null default false,
  last_event_at timestamptz,
  last_error text,
  last_error_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  unique (org_id, kind, account_id)
);
select recoup_tenant_table('channels');
select recoup_system_access('channels', 'select');
create index channels_by_parent on channels (parent_id) where parent_id is not null and status <> 'disconnected';
create index channels_by_account on channels (kind, account_id) where status <> 'disconnected';

-- A consent dialog under way: one-time state of an OAuth sign-in.
create table oauth_states (
  org_id uuid not null,
  id uuid not null,
  kind text not null,
  state_hash bytea not null,
  verifier bytea,                     -- sealed (PKCE)
  found bytea,                        -- sealed: the accounts that consent opened, while a member chooses among them
  user_id uuid,                       -- who began it; none when a key did
  expires_at timestamptz not null,
  primary key (org_id, id),
  unique (org_id, state_hash)
);
select recoup_tenant_table('oauth_states');

-- What platforms delivered, kept so that a parser fix can be replayed. The unique key drops duplicates.
-- raw is json, not jsonb: it keeps escapes (even NUL) that text columns refuse.
create table receipts (
  org_id uuid not null,
  id uuid not null,
  channel_id uuid not null,
  event_key text not null,
  raw json not null,
  received_at timestamptz not null default now(),
  handled_at timestamptz,
  outcome text,                       -- what became of it: message, echo, status, ignored, unsupported, unparsable, …
  primary key (org_id, id),
  unique (org_id, channel_id, event_key)
);
select recoup_tenant_table('receipts');
select recoup_system_access('receipts', 'select, insert');
alter table receipts set (fillfactor = 80);

create table conversations (
  org_id uuid not null,
  id uuid not null,
  channel_id uuid not null,
  channel_kind text not null,
  contact_id uuid not null,
  recipient text not null,            -- the platform id to answer to
  status text not null default 'open' check (status in ('open', 'needs_human', 'snoozed', 'closed')),
  -- Who holds the pen. The fence rises with every change of hands; a bot message made under an older fence is never sent.
  holder text not null default 'bot' check (holder in ('bot', 'human')),
  fence bigint not null default 1,
  -- Rises with every inbound message; a turn of the bot that was made for an older one is cancelled.
  turn bigint not null default 0,
  assignee_id uuid,
  snoozed_until timestamptz,
  language text,
  inbound_count int not null default 0,
  unresolved int not null default 0,  -- inbound messages in a row that the bot was unsure about
  held_back boolean not null default false,   -- the holding message of this episode was made
  escalation text,                    -- why a person is needed
  last_inbound_at timestamptz,
  last_outbound_at timestamptz,
  last_message_at timestamptz not null,
  waiting_since timestamptz,          -- the oldest inbound message without a meaningful answer
  first_answered_at timestamptz,
  window_from timestamptz,            -- start of the platform's messaging window
  preview text not null default '',
  last_writer text not null default 'contact',
  unread int not null default 0,
  lead_id uuid,
  lead_tag text,
  lead_score int,
  sentiment text,
  urgency text,
  opted_out boolean not null default false,
  merged_from uuid[] not null default '{}',   -- contacts it was taken over from by merges, the latest last
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  unique (org_id, channel_id, contact_id)
);
select recoup_tenant_table('conversations');
alter table conversations set (fillfactor = 70);
create index conversations_by_time on conversations (org_id, last_message_at desc, id desc);
create index conversations_by_status on conversations (org_id, status, last_message_at desc, id desc);
create index conversations_by_assignee on conversations (org_id, assignee_id, status, last_message_at desc);
create index conversations_by_contact on conversations (org_id, contact_id);
create index conversations_waiting on conversations (org_id, waiting_since) where waiting_since is not null;
create index conversations_snoozed on conversations (org_id, snoozed_until) where status = 'snoozed';

create table messages (
  org_id uuid not null,
  id uuid not null,
  conversation_id uuid not null,
  channel_id uuid not null,
  direction text not null check (direction in ('inbound', 'outbound')),
  writer text not null check (writer in ('contact', 'bot', 'human', 'native_app')),
  author_id uuid,                     -- the member who wrote it
  platform_id text,
  kind text not null default 'text',  -- text, attachment, postback, unsupported, template, reaction
  body text not null default '',
  attachments jsonb not null default '[]',
  template jsonb,
  tag text,                           -- a Messenger message tag
  reply_to text,
  reaction text,
  state text not null check (state in ('received', 'queued', 'sending', 'sent', 'delivered', 'read', 'failed', 'unknown', 'cancelled')),
  state_code text,
  state_detail text,
  meaningful boolean not null default true,
  fence bigint,
  decision_id uuid,
  sources jsonb,                      -- chunks an AI reply quotes
  at timestamptz not null,            -- the platform's time of an inbound message, ours of an outbound one
  created_at timestamptz not null default now(),
  send_after timestamptz,
  sending_since timestamptz,
  announced boolean not null default false,   -- the ledger knows that it was sent
  sent_at timestamptz,
  delivered_at timestamptz,
  read_at timestamptz,
  deleted_at timestamptz,
  search tsvector generated always as (to_tsvector('simple', left(body, 20000))) stored,
  primary key (org_id, id),
  unique (org_id, channel_id, platform_id),
  foreign key (org_id, conversation_id) references conversations (org_id, id)
);
select recoup_tenant_table('messages');
select recoup_system_access('messages', 'select');
alter table messages set (fillfactor = 85);
create index messages_by_conversation on messages (org_id, conversation_id, at desc, id desc);
create index messages_unsettled on messages (org_id, conversation_id) where state in ('queued', 'sending', 'unknown');
create index messages_search on messages using gin (org_id, search);

-- Full-text search runs as the narrow role inside one function: the @@ operator is not leak-proof, so under row-level
-- security PostgreSQL would not use the index. The organisation is taken from the transaction, never from the caller.
create function recoup_search_messages(p_query text, p_before timestamptz, p_limit int)
returns table (id uuid, conversation_id uuid, at timestamptz) language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  v_query tsquery := websearch_to_tsquery('simple', p_query);
begin
  if recoup_org() is null then return; end if;
  return query
    select m.id, m.conversation_id, m.at from messages m
    where m.org_id = recoup_org() and m.search @@ v_query and (p_before is null or m.at < p_before)
    order by m.at desc, m.id desc limit p_limit;
end $$;
do $$ begin
  execute 'grant create on schema public to recoup_system';
  execute 'alter function recoup_search_messages(text, timestamptz, int) owner to recoup_system';
  execute 'revoke create on schema public from recoup_system';
end $$;
revoke all on function recoup_search_messages(text, timestamptz, int) from public;
grant execute on function recoup_search_messages(text, timestamptz, int) to recoup_app;

-- Private notes: seen by members, never sent.
create table notes (
  org_id uuid not null,
  id uuid not null,
  conversation_id uuid not null,
  author_id uuid not null,
  body text not null,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  foreign key (org_id, conversation_id) references conversations (org_id, id)
);
select recoup_tenant_table('notes');
create index notes_by_conversation on notes (org_id, conversation_id, id);

create table labels (
  org_id uuid not null,
  conversation_id uuid not null,
  label text not null,
  added_by uuid,
  added_at timestamptz not null default now(),
  primary key (org_id, conversation_id, label),
  foreign key (org_id, conversation_id) references conversations (org_id, id)
);
select recoup_tenant_table('labels');

-- Who took the pen, when, and when it went back: a row, not a flag.
create table takeovers (
  org_id uuid not null,
  id uuid not null,
  conversation_id uuid not null,
  by_actor text not null,
  reason text not null,
  at timestamptz not null default now(),
  released_at timestamptz,
  released_by text,
  primary key (org_id, id),
  foreign key (org_id, conversation_id) references conversations (org_id, id)
);
select recoup_tenant_table('takeovers');
create index takeovers_by_conversation on takeovers (org_id, conversation_id, at);

-- What people corrected: labelled examples that the organisation's own heads learn from.
create table corrections (
  org_id uuid not null,
  id uuid not null,
  conversation_id uuid not null,
  message_id uuid,
  kind text not null,                 -- tag, topic, reply, takeover
  was text,
  became text not null,
  by_actor text not null,
  at timestamptz not null default now(),
  primary key (org_id, id)
);
select recoup_tenant_table('corrections');

create table canned_replies (
  org_id uuid not null,
  id uuid not null,
  shortcut text not null,
  body text not null,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  unique (org_id, shortcut)
);
select recoup_tenant_table('canned_replies');

create table saved_views (
  org_id uuid not null,
  id uuid not null,
  owner_id uuid not null,
  name text not null,
  filters jsonb not null,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  unique (org_id, owner_id, name)
);
select recoup_tenant_table('saved_views');

-- The order of an outbound message's states: news only moves it forward. A platform's "failed" is final unless it was read.
create function recoup_state_rank(state text) returns int language sql immutable strict parallel safe as $$
  select case state when 'queued' then 0 when 'sending' then 1 when 'unknown' then 2 when 'sent' then 3 when 'delivered' then 4
    when 'failed' then 5 when 'read' then 6 when 'cancelled' then 7 else 0 end $$;
create index conversations_by_recipient on conversations (org_id, channel_id, recipient);
