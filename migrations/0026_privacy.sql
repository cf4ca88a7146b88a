-- Roll-out: expand only. Older processes go on reading and writing; what is hidden is hidden from them too, by the policies.
--
-- Privacy: export and erasure of a contact, retention, legal holds, consent.
--
-- A contact whose erasure was asked for is hidden at once: its rows carry the instant, and a restrictive policy keeps them
-- from the tenant role. No list, search or page has to remember it. Only a transaction that says so sees them (OrgTx::see_hidden),
-- and only such a one can hide or restore.
create function recoup_sees_hidden() returns boolean language sql stable parallel safe
  as $$ select coalesce(current_setting('recoup.hidden', true), '') = 'seen' $$;

-- Every table whose rows are hidden calls this; the column says since when.
create function recoup_hides(t regclass, col text) returns void language plpgsql as $$
begin
  execute format('create policy hidden on %s as restrictive to recoup_app using (%I is null or recoup_sees_hidden()) with check (%I is null or recoup_sees_hidden())', t, col, col);
end $$;

-- contacts.erased_at is that instant for a contact.
select recoup_hides('contacts', 'erased_at');
alter table conversations add column hidden_at timestamptz;
select recoup_hides('conversations', 'hidden_at');
alter table messages add column hidden_at timestamptz;
select recoup_hides('messages', 'hidden_at');
alter table notes add column hidden_at timestamptz;
select recoup_hides('notes', 'hidden_at');
alter table leads add column hidden_at timestamptz;
select recoup_hides('leads', 'hidden_at');
alter table activities add column hidden_at timestamptz;
select recoup_hides('activities', 'hidden_at');
alter table ai_decisions add column hidden_at timestamptz;
select recoup_hides('ai_decisions', 'hidden_at');
-- Views of the ledger: a late fact may still come to a hidden row, which an upsert behind a policy would refuse. Their few
-- readers leave hidden rows out themselves.
alter table open_waits add column hidden_at timestamptz;
alter table lead_temperatures add column hidden_at timestamptz;

-- The platform ids of hidden contacts, out of the way: who writes again meanwhile is somebody new.
create table hidden_identities (
  org_id uuid not null,
  channel_id uuid not null,
  platform_id text not null,
  channel_kind text not null,
  contact_id uuid not null,
  created_at timestamptz not null,
  primary key (org_id, contact_id, channel_id, platform_id),
  foreign key (org_id, contact_id) references contacts (org_id, id)
);
select recoup_tenant_table('hidden_identities');

-- Exports of a contact: the file is sealed, its link hashed and bound to who asked.
create table privacy_exports (
  org_id uuid not null,
  id uuid not null,
  contact_id uuid not null,
  format text not null check (format in ('zip', 'json', 'csv')),
  state text not null default 'waiting' check (state in ('waiting', 'ready', 'failed', 'expired')),
  by_actor text not null,
  at timestamptz not null,
  ready_at timestamptz,
  link_hash bytea,
  link_until timestamptz,
  size bigint,
  content bytea,                      -- sealed
  error text,
  primary key (org_id, id)
);
select recoup_tenant_table('privacy_exports');
create index privacy_exports_by_contact on privacy_exports (org_id, contact_id);
create index privacy_exports_ending on privacy_exports (org_id, link_until) where state = 'ready';

-- Erasures: hidden until due_at, then gone. `ids` are our own ids of what was erased, kept so that what was under way at that
-- moment can be swept too; they lead to nothing any more.
create table privacy_erasures (
  org_id uuid not null,
  id uuid not null,
  contact_id uuid not null,
  state text not null default 'hidden' check (state in ('hidden', 'cancelled', 'erased')),
  by_actor text not null,
  at timestamptz not null,
  due_at timestamptz not null,
  cancelled_at timestamptz,
  cancelled_by text,
  erased_at timestamptz,
  erased_by text,
  ids jsonb not null default '{}',
  removed jsonb,                      -- [{holder, table, rows}]
  swept_at timestamptz,
  certificate text,                   -- JSON kept as text: the signature covers its bytes
  signature bytea,
  kid text,
  public_key bytea,
  primary key (org_id, id)
);
select recoup_tenant_table('privacy_erasures');
create unique index privacy_erasures_open on privacy_erasures (org_id, contact_id) where state = 'hidden';
create index privacy_erasures_due on privacy_erasures (org_id, due_at) where state = 'hidden';
create index privacy_erasures_unsigned on privacy_erasures (org_id, erased_at) where state = 'erased' and (certificate is null or swept_at is null);

-- A hold stops erasure and retention of a contact while it lasts.
create table legal_holds (
  org_id uuid not null,
  id uuid not null,
  contact_id uuid not null,
  reason text not null,
  placed_by text not null,
  placed_at timestamptz not null,
  released_by text,
  released_at timestamptz,
  primary key (org_id, id)
);
select recoup_tenant_table('legal_holds');
create unique index legal_holds_open on legal_holds (org_id, contact_id) where released_at is null;

-- What a contact agreed to and withdrew: every word of it, the latest counts.
create table consent_records (
  org_id uuid not null,
  id uuid not null,
  contact_id uuid not null,
  kind text not null check (kind in ('messages', 'marketing', 'processing', 'recording')),
  channel text,                       -- none: every channel
  granted boolean not null,
  source text not null,               -- opt_out_word, member, api, form, import, …
  text_version text,                  -- which wording they agreed to
  evidence text,                      -- where it can be seen: an event, a document, a call
  by_actor text not null,
  at timestamptz not null,
  primary key (org_id, id)
);
select recoup_tenant_table('consent_records');
create index consent_records_by_contact on consent_records (org_id, contact_id, id desc);
-- One record a fact of the ledger, however often the follower reads it.
create unique index consent_records_once on consent_records (org_id, evidence) where source = 'opt_out_word';

-- How long each kind is kept, in days; a missing row is the default of the program.
create table retention_rules (
  org_id uuid primary key references organisations (id),
  conversations_days int not null check (conversations_days between 30 and 3660),
  ai_days int not null check (ai_days between 1 and 3660),
  receipts_days int not null check (receipts_days between 1 and 3660),
  updated_at timestamptz not null default now()
);
select recoup_tenant_table('retention_rules');

-- What a CRM is to forget of an erased contact, and what came of it.
create table crm_erasures (
  org_id uuid not null,
  id uuid not null,
  erasure_id uuid not null,
  system text not null,
  remote bytea,                       -- sealed: the CRM's ids of the records; gone when it is settled
  records int not null,
  state text not null default 'waiting' check (state in ('waiting', 'done', 'failed', 'not_connected')),
  error text,
  settled_at timestamptz,
  primary key (org_id, id)
);
select recoup_tenant_table('crm_erasures');
create index crm_erasures_by_erasure on crm_erasures (org_id, erasure_id);

-- What is removed with a conversation or a contact is found by it.
create index corrections_by_conversation on corrections (org_id, conversation_id);
create index contact_merges_by_kept on contact_merges (org_id, kept_id);
create index contact_merges_by_merged on contact_merges (org_id, merged_id);
create index contacts_by_merge on contacts (org_id, merged_into) where merged_into is not null;

-- The personal part of a fact, blanked; the rest reads as before. Facts hold ids; what is personal in them is what was
-- understood of a person, words that members typed, and ids at a CRM.
create function recoup_redacted(kind text, payload jsonb) returns jsonb language sql immutable as $$
  select case kind
    when 'message.understood' then payload || '{"language":"","topic":"","intent":"","intent_confidence":0,"sentiment":"","sentiment_score":0,"urgency":"","signals":[],"flags":[]}'
    when 'lead.scored' then payload || '{"signals":[]}'
    when 'conversation.labelled' then payload || '{"labels":[]}'
    when 'conversation.escalated' then payload || '{"reason":""}'
    when 'crm.synced' then payload || '{"remote_id":""}'
    else payload end $$;

-- Blanks the personal parts of the facts about some subjects of the transaction's organisation: the one way in which the ledger
-- changes. Runs as the narrow role, whose update of one column is granted for this alone.
create function recoup_redact_events(p_subjects uuid[]) returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_done bigint;
begin
  if recoup_org() is null then return 0; end if;
  update events e set payload = recoup_redacted(e.kind, e.payload)
  where e.org_id = recoup_org() and e.subject_kind in ('contact', 'conversation', 'lead') and e.subject_id = any(p_subjects)
    and e.payload is distinct from recoup_redacted(e.kind, e.payload);
  get diagnostics v_done = row_count;
  return v_done;
end $$;
grant update (payload) on events to recoup_system;
do $$ begin
  execute 'grant create on schema public to recoup_system';
  execute 'alter function recoup_redact_events(uuid[]) owner to recoup_system';
  execute 'revoke create on schema public from recoup_system';
end $$;
revoke all on function recoup_redact_events(uuid[]) from public;
grant execute on function recoup_redact_events(uuid[]) to recoup_app;
