-- Roll-out: adds a table only; processes of the release before take every submission for a first one.
--
-- The first answer to what a published form sent with an Idempotency-Key. The same columns as idempotency_keys, apart from it because
-- the role that serves visitors has no table of the product: it sees the one row whose token the request carries.
create table site_answers (
  org_id uuid not null,
  -- Digest of a token made of the site, the path, the visitor's network and their key.
  actor text not null,
  -- The path: a token is of one.
  key text not null,
  -- SHA-256 of method, path and body: the same key with another request is a mistake of the form.
  fingerprint bytea not null,
  created_at timestamptz not null,
  -- Null while the first request is still running.
  status smallint,
  content_type text,
  -- Sealed with the organisation's key: it may hold what only its visitor may see.
  body bytea,
  primary key (org_id, actor, key)
);
-- For forgetting answers after a day.
create index site_answers_age on site_answers (org_id, created_at);
select recoup_tenant_table('site_answers');
select recoup_site_access('site_answers', 'select, insert (org_id, actor, key, fingerprint, created_at), '
  'update (created_at, status, content_type, body), delete', 'actor = recoup_site_token()', 'actor = recoup_site_token()');
create policy site_gone on site_answers for delete to recoup_site using (org_id = recoup_org() and actor = recoup_site_token());
