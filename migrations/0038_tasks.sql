-- Roll-out: adds a table only.
--
-- Tasks of people: what an action, the advisor or a play asks somebody to do. Those of one lead are its activities.
create table tasks (
  org_id uuid not null,
  id uuid not null,
  title text not null,
  body text not null default '',
  href text not null default '',             -- where it is done, within Recoup
  source text not null,                      -- advisor, action, play, person
  source_key text,                           -- what it was made from: the same again makes no second one
  assignee uuid,                             -- a member; null: whoever takes it
  made_by text not null,
  made_at timestamptz not null,
  due_at timestamptz,
  done_at timestamptz,
  done_by text,
  primary key (org_id, id)
);
select recoup_tenant_table('tasks');
create index tasks_open on tasks (org_id, made_at desc) where done_at is null;
create unique index tasks_by_source on tasks (org_id, source, source_key) where source_key is not null and done_at is null;
