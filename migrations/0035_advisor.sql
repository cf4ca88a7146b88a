-- Roll-out: adds tables only.
--
-- What members asked the advisor and what it answered. Texts are sealed; the decision record says how an answer was made.
create table advisor_threads (
  org_id uuid not null,
  id uuid not null,
  member_id uuid not null,                   -- whose; nobody else reads it
  title bytea not null,                      -- sealed
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (org_id, id)
);
select recoup_tenant_table('advisor_threads');
create index advisor_threads_by_member on advisor_threads (org_id, member_id, updated_at desc);

create table advisor_messages (
  org_id uuid not null,
  thread_id uuid not null,
  place int not null,
  role text not null check (role in ('user', 'assistant')),
  content bytea not null,                    -- sealed
  citations jsonb not null default '[]',
  decision_id uuid,
  at timestamptz not null,
  primary key (org_id, thread_id, place),
  foreign key (org_id, thread_id) references advisor_threads (org_id, id) on delete cascade
);
select recoup_tenant_table('advisor_messages');
