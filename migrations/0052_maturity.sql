-- Roll-out: adds a table and an index only. Processes of the release before go on as they were.

-- The answers of a maturity audit that an organisation took over from a public site of this installation, to hold what it measures
-- against what it said. One an organisation: the next one takes its place. They are a copy, with the questions as they were asked, so
-- that the site need not be asked again and does not learn of it. They say nobody's name.
create table maturity_results (
  org_id uuid primary key references organisations (id),
  audit_id uuid not null,                     -- the audit it is a copy of
  config_version int not null,                -- the version of the questions on the site; 0 is the program's own
  config jsonb not null,                      -- the questions, weights and recommendations of that version
  answers jsonb not null,
  done_at timestamptz not null,               -- when it was handed in
  taken_by text not null,
  taken_at timestamptz not null
);
select recoup_tenant_table('maturity_results');

-- Which quotes were followed up: read for leads of the last weeks, whenever somebody looks.
create index journeys_quoted on journeys (org_id, day) where quoted_at is not null;
