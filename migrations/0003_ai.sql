-- Roll-out: adds tables only; older processes do not know them.
--
-- Knowledge: what answers may be based on. The document is kept as it came, so that it can be read again with a better
-- parser or embedder; its chunks are made from it and replaced together.

create table knowledge_documents (
  org_id uuid not null references organisations (id),
  id uuid not null,
  title text not null,
  kind text not null check (kind in ('text', 'file', 'url', 'faq', 'product', 'service')),
  location text not null default '',        -- file name or address
  content bytea,                            -- as it came; null for an address that was never read
  told_language text,                       -- what a person said it is written in
  language text,                            -- what it was read as
  status text not null default 'indexing' check (status in ('indexing', 'ready', 'failed')),
  progress smallint not null default 0 check (progress between 0 and 100),
  error text,
  chunk_count int not null default 0,
  generation bigint not null default 1,     -- goes up with every request to read it; a late reader of an older one writes nothing
  created_by text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (org_id, id)
);
select recoup_tenant_table('knowledge_documents');

create table knowledge_chunks (
  org_id uuid not null,
  id uuid not null,
  document_id uuid not null,
  position int not null,
  kind text not null check (kind in ('passage', 'faq')),
  heading text not null,
  body text not null,
  language text not null,
  suspicious boolean not null default false, -- reads like an instruction to a model; never quoted
  vector real[],                             -- of the embedder that was there
  primary key (org_id, id),
  unique (org_id, document_id, position),
  foreign key (org_id, document_id) references knowledge_documents (org_id, id) on delete cascade
);
select recoup_tenant_table('knowledge_chunks');

-- Goes up with every change of an organisation's chunks; the index in memory is as old as the version it was built from.
create table knowledge_versions (
  org_id uuid primary key references organisations (id),
  version bigint not null
);
select recoup_tenant_table('knowledge_versions');
