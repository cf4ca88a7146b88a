-- Roll-out: adds a role and tables only; older processes serve no site.
--
-- The public site of an organisation. Its pages are served with a role of their own, recoup_site, that sees what is published, and
-- of what belongs to one visitor only the row whose token the request carries (its digest is set for the transaction). What
-- follows from a visit (contacts, leads, tasks, letters) is done by workers with the tenant's role.

do $$ begin
  create role recoup_site nologin;
exception when duplicate_object or unique_violation then null; end $$;
do $$ begin
  execute format('grant recoup_site to %I', current_user);
exception when others then
  if not pg_has_role(current_user, 'recoup_site', 'member') then raise; end if;
end $$;
grant usage on schema public to recoup_site;
grant execute on function recoup_org() to recoup_site;

-- The digest of the token that the running request carries, or null: set with the organisation, transaction-local.
create function recoup_site_token() returns text language sql stable parallel safe
  as $$ select nullif(current_setting('recoup.site_token', true), '') $$;
grant execute on function recoup_site_token() to recoup_site;

-- Gives the site's role verbs on a tenant table for the rows of the organisation that also meet a condition, before a change and
-- after it: nobody can hand a row to another token. A new row has to meet the second one: a visit may leave what its token does not
-- open, such as an inquiry.
create function recoup_site_access(t regclass, verbs text, condition text default 'true', fresh text default 'true')
returns void language plpgsql as $$
begin
  execute format('create policy site on %s for select to recoup_site using (org_id = recoup_org() and (%s))', t, condition);
  execute format('create policy site_new on %s for insert to recoup_site with check (org_id = recoup_org() and (%s))', t, fresh);
  execute format('create policy site_change on %s for update to recoup_site using (org_id = recoup_org() and (%s)) '
    'with check (org_id = recoup_org() and (%s))', t, condition, condition);
  execute format('grant %s on %s to recoup_site', verbs, t);
end $$;

-- One site an organisation.
create table sites (
  org_id uuid primary key references organisations (id),
  name text not null,
  tagline text not null default '',
  domain text unique,                         -- lower case, without a port; null: the installation's own address
  published boolean not null default false,
  version bigint not null default 1,          -- grows with whatever its pages show: the key of every cached page
  look jsonb not null default '{}',           -- hue, chroma, logo
  flags jsonb not null default '{}',          -- features that are on or off
  settings jsonb not null default '{}',       -- currency, time zone, address, consent, booking hours
  created_at timestamptz not null,
  updated_at timestamptz not null
);
select recoup_tenant_table('sites');
select recoup_site_access('sites', 'select', 'published');
select recoup_system_access('sites', 'select');

-- People who write.
create table site_authors (
  org_id uuid not null,
  id uuid not null,
  slug text not null,
  name text not null,
  role text not null default '',
  bio text not null default '',
  image_id uuid,
  primary key (org_id, id),
  unique (org_id, slug)
);
select recoup_tenant_table('site_authors');
select recoup_site_access('site_authors', 'select');

-- What the site says: pages that replace the built-in ones, solutions, case studies, posts. Words are Markdown.
create table site_pages (
  org_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('page', 'solution', 'case_study', 'post')),
  slug text not null,
  title text not null,
  summary text not null default '',
  body text not null default '',
  fields jsonb not null default '{}',         -- what a kind has beside words, such as a hero's button
  category text not null default '',
  tags text[] not null default '{}',
  author_id uuid,
  image_id uuid,
  state text not null default 'draft' check (state in ('draft', 'scheduled', 'published', 'archived')),
  publish_at timestamptz,                     -- of a scheduled one
  published_at timestamptz,
  preview_hash text,                          -- digest of the token that shows a draft
  revision int not null default 1,
  made_by text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (org_id, id),
  unique (org_id, kind, slug),
  foreign key (org_id, author_id) references site_authors (org_id, id)
);
select recoup_tenant_table('site_pages');
select recoup_site_access('site_pages', 'select', 'state = ''published'' or preview_hash = recoup_site_token()');
create index site_pages_listed on site_pages (org_id, kind, state, published_at desc, id desc);
create index site_pages_due on site_pages (org_id, publish_at) where state = 'scheduled';

-- What a page said before.
create table site_revisions (
  org_id uuid not null,
  page_id uuid not null,
  revision int not null,
  title text not null,
  summary text not null,
  body text not null,
  fields jsonb not null,
  by_actor text not null,
  at timestamptz not null,
  primary key (org_id, page_id, revision),
  foreign key (org_id, page_id) references site_pages (org_id, id) on delete cascade
);
select recoup_tenant_table('site_revisions');

-- Pictures: one row for the picture, one for each size and format of it. The bytes are in the object store.
create table site_images (
  org_id uuid not null,
  id uuid not null,
  name text not null,
  alt text not null,
  width int not null,
  height int not null,
  digest bytea not null,                      -- SHA-256 of what was uploaded
  by_actor text not null,
  at timestamptz not null,
  primary key (org_id, id),
  unique (org_id, digest)
);
select recoup_tenant_table('site_images');
select recoup_site_access('site_images', 'select');
create table site_image_files (
  org_id uuid not null,
  image_id uuid not null,
  width int not null,
  format text not null check (format in ('webp', 'jpeg', 'png')),
  height int not null,
  bytes int not null,
  object text not null,                       -- its name in the object store
  primary key (org_id, image_id, width, format),
  foreign key (org_id, image_id) references site_images (org_id, id) on delete cascade
);
select recoup_tenant_table('site_image_files');
select recoup_site_access('site_image_files', 'select');

-- Addresses that moved.
create table site_redirects (
  org_id uuid not null,
  from_path text not null,
  to_path text not null,
  permanent boolean not null default true,
  hits bigint not null default 0,
  by_actor text not null,
  at timestamptz not null,
  primary key (org_id, from_path)
);
select recoup_tenant_table('site_redirects');
select recoup_site_access('site_redirects', 'select, update (hits)');

-- The audit's questions, weights and benchmarks. A published version never changes; version 0 is the program's own.
create table site_audit_versions (
  org_id uuid not null,
  version int not null check (version > 0),
  state text not null check (state in ('draft', 'published')),
  config jsonb not null,
  preview_hash text,
  by_actor text not null,
  created_at timestamptz not null,
  published_at timestamptz,
  primary key (org_id, version)
);
select recoup_tenant_table('site_audit_versions');
select recoup_site_access('site_audit_versions', 'select', 'state = ''published'' or preview_hash = recoup_site_token()');
create unique index site_audit_drafts on site_audit_versions (org_id) where state = 'draft';

-- Audits, begun and handed in. Who has the token sees the one it belongs to.
create table site_audits (
  org_id uuid not null,
  id uuid not null,
  token_hash text not null,                   -- digest of the id in its address
  config_version int not null,
  state text not null default 'begun' check (state in ('begun', 'done')),
  step smallint not null default 1,
  answers jsonb not null default '{}',
  result jsonb,                               -- scores, forecast and recommendations, as they were shown
  score smallint,
  words jsonb,                                -- recommendations as a model wrote them, checked against the result
  inquiry_id uuid,                            -- who it was, once they said so
  source jsonb not null default '{}',         -- where the visit came from
  begun_at timestamptz not null,
  done_at timestamptz,
  primary key (org_id, id),
  unique (org_id, token_hash)
);
select recoup_tenant_table('site_audits');
select recoup_site_access('site_audits', 'select, insert (org_id, id, token_hash, config_version, source, begun_at), '
  'update (answers, step, state, result, score, done_at, inquiry_id)', 'token_hash = recoup_site_token()', 'token_hash = recoup_site_token()');
create index site_audits_done on site_audits (org_id, done_at desc) where state = 'done';

-- People who wrote, asked for their result, booked, or want letters. What they said is sealed.
create table site_inquiries (
  org_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('contact', 'audit', 'booking', 'letters', 'chat')),
  topic text not null default '',
  sealed bytea not null,                      -- name, email, phone, company, message
  email_index bytea not null,                 -- keyed digest of the address
  digest bytea not null,                      -- of what was sent: the same form sent twice is one
  state text not null default 'new' check (state in ('new', 'unconfirmed', 'open', 'answered', 'closed', 'spam')),
  spam jsonb not null default '[]',           -- what spoke for spam, with points
  consent boolean not null default false,     -- to letters
  token_hash text,                            -- digest of the token in the confirming letter
  confirmed_at timestamptz,
  audit_id uuid,
  contact_id uuid,
  lead_id uuid,
  source jsonb not null default '{}',
  assignee uuid,
  follow_up_at timestamptz,
  hidden_at timestamptz,                      -- while the erasure of its contact waits
  at timestamptz not null,
  updated_at timestamptz not null,
  primary key (org_id, id),
  unique (org_id, digest)
);
select recoup_tenant_table('site_inquiries');
select recoup_hides('site_inquiries', 'hidden_at');
select recoup_site_access('site_inquiries', 'select, insert (org_id, id, kind, topic, sealed, email_index, digest, state, spam, consent, '
  'token_hash, audit_id, source, at, updated_at), update (state, confirmed_at, consent, updated_at)',
  'token_hash = recoup_site_token() and hidden_at is null');
create index site_inquiries_listed on site_inquiries (org_id, state, at desc, id desc);
create index site_inquiries_by_email on site_inquiries (org_id, email_index);
create index site_inquiries_by_contact on site_inquiries (org_id, contact_id) where contact_id is not null;

-- What was done about an inquiry.
create table site_inquiry_notes (
  org_id uuid not null,
  id uuid not null,
  inquiry_id uuid not null,
  kind text not null,
  body text not null default '',
  by_actor text not null,
  at timestamptz not null,
  primary key (org_id, id),
  foreign key (org_id, inquiry_id) references site_inquiries (org_id, id) on delete cascade
);
select recoup_tenant_table('site_inquiry_notes');
create index site_inquiry_notes_by_inquiry on site_inquiry_notes (org_id, inquiry_id, kind);

-- Consultations. Each takes quarters of an hour, and no quarter is taken twice.
create table site_bookings (
  org_id uuid not null,
  id uuid not null,
  inquiry_id uuid not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  time_zone text not null,                    -- the visitor's
  state text not null default 'booked' check (state in ('booked', 'cancelled')),
  token_hash text not null,
  moved int not null default 0,
  at timestamptz not null,
  primary key (org_id, id),
  unique (org_id, token_hash)
);
select recoup_tenant_table('site_bookings');
select recoup_site_access('site_bookings', 'select, insert, update (starts_at, ends_at, moved, state)', 'token_hash = recoup_site_token()');
create index site_bookings_by_inquiry on site_bookings (org_id, inquiry_id);
create table site_booking_quarters (
  org_id uuid not null,
  quarter timestamptz not null,
  booking_id uuid not null,
  primary key (org_id, quarter)
);
select recoup_tenant_table('site_booking_quarters');
select recoup_site_access('site_booking_quarters', 'select, insert, delete');
create policy site_gone on site_booking_quarters for delete to recoup_site using (org_id = recoup_org() and exists (
  select from site_bookings b where b.org_id = site_booking_quarters.org_id and b.id = site_booking_quarters.booking_id
    and b.token_hash = recoup_site_token()));
create index site_booking_quarters_by_booking on site_booking_quarters (org_id, booking_id);

-- Conversations with the site's assistant.
create table site_chats (
  org_id uuid not null,
  id uuid not null,
  token_hash text not null,
  state text not null default 'assistant' check (state in ('assistant', 'people', 'closed')),
  flow jsonb not null default '{}',           -- where the assessment stands
  conversation_id uuid,                       -- in the inbox, once people were asked
  source jsonb not null default '{}',
  begun_at timestamptz not null,
  last_at timestamptz not null,
  primary key (org_id, id),
  unique (org_id, token_hash)
);
select recoup_tenant_table('site_chats');
select recoup_site_access('site_chats', 'select, insert (org_id, id, token_hash, flow, source, begun_at, last_at), '
  'update (state, flow, last_at)', 'token_hash = recoup_site_token()', 'token_hash = recoup_site_token()');
create table site_chat_messages (
  org_id uuid not null,
  chat_id uuid not null,
  id uuid not null,
  author text not null check (author in ('visitor', 'assistant', 'person')),
  sealed bytea not null,
  data jsonb,                                 -- choices, cards
  at timestamptz not null,
  primary key (org_id, chat_id, id),
  foreign key (org_id, chat_id) references site_chats (org_id, id) on delete cascade
);
select recoup_tenant_table('site_chat_messages');
select recoup_site_access('site_chat_messages', 'select, insert',
  'exists (select from site_chats c where c.org_id = site_chat_messages.org_id and c.id = site_chat_messages.chat_id and c.token_hash = recoup_site_token())',
  'author <> ''person'' and exists (select from site_chats c where c.org_id = site_chat_messages.org_id and c.id = site_chat_messages.chat_id '
  'and c.token_hash = recoup_site_token())');

-- Visits, counted without cookies: a visitor is a keyed digest of address and browser that is made with the day's key, and the key is
-- thrown away when the day is over.
create table site_days (
  org_id uuid not null,
  day date not null,
  key bytea,                                  -- null once the day is over
  primary key (org_id, day)
);
select recoup_tenant_table('site_days');
select recoup_site_access('site_days', 'select, insert');
create table site_visitors (
  org_id uuid not null,
  day date not null,
  visitor bytea not null,
  source text not null default '',            -- the site that linked here, or the campaign
  device text not null default '',
  reached smallint not null default 0,        -- how far in the audit: 0 not at all, 1–4 steps begun, 5 result, 6 contact
  views int not null default 0,
  primary key (org_id, day, visitor)
);
select recoup_tenant_table('site_visitors');
select recoup_site_access('site_visitors', 'select, insert, update (views, reached, source)');
create table site_views (
  org_id uuid not null,
  day date not null,
  path text not null,
  views bigint not null default 0,
  primary key (org_id, day, path)
);
select recoup_tenant_table('site_views');
select recoup_site_access('site_views', 'select, insert, update (views)');
-- Days that are over, by source: what stays when the visitors of the day are forgotten.
create table site_totals (
  org_id uuid not null,
  day date not null,
  source text not null,
  device text not null,
  visitors bigint not null,
  views bigint not null,
  reached bigint[] not null,                  -- visitors who reached at least 1, 2 … 6
  primary key (org_id, day, source, device)
);
select recoup_tenant_table('site_totals');

-- Comparisons of two or more wordings, drawn by the visitor's digest of the day.
create table site_experiments (
  org_id uuid not null,
  id uuid not null,
  name text not null,
  page text not null,                         -- the built-in page or slug whose fields it changes
  goal text not null check (goal in ('audit_begun', 'audit_done', 'contact')),
  variants jsonb not null,                    -- [{name, weight, fields}], the first one is what stands now
  baseline double precision not null,         -- the rate expected without a change
  smallest_effect double precision not null,  -- the difference worth finding, as a share
  needed bigint not null,                     -- visitors a variant before anything is said
  state text not null default 'draft' check (state in ('draft', 'running', 'stopped')),
  decision text,
  by_actor text not null,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (org_id, id)
);
select recoup_tenant_table('site_experiments');
select recoup_site_access('site_experiments', 'select', 'state = ''running''');
create table site_exposures (
  org_id uuid not null,
  experiment_id uuid not null,
  day date not null,
  visitor bytea not null,
  variant smallint not null,
  reached boolean not null default false,
  primary key (org_id, experiment_id, day, visitor),
  foreign key (org_id, experiment_id) references site_experiments (org_id, id) on delete cascade
);
select recoup_tenant_table('site_exposures');
select recoup_site_access('site_exposures', 'select, insert, update (reached)');
