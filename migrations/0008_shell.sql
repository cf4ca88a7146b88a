-- Roll-out: expand only; nothing reads it before this release.
-- The web frame's one table: the first answer to a POST that carries an Idempotency-Key.

create table idempotency_keys (
    org_id       uuid        not null,
    -- Who sent it: a key of one member must not replay the answer given to another.
    actor        text        not null,
    key          text        not null,
    -- SHA-256 of method, path and body: the same key with another request is a mistake of the client.
    fingerprint  bytea       not null,
    created_at   timestamptz not null,
    -- Null while the first request is still running.
    status       smallint,
    content_type text,
    -- Sealed with the organisation's key: it may hold what is shown only once.
    body         bytea,
    primary key (org_id, actor, key)
);

-- For forgetting keys after a day.
create index idempotency_keys_age on idempotency_keys (org_id, created_at);

select recoup_tenant_table('idempotency_keys');
