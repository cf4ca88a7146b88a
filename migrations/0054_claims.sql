-- Roll-out: builds an index anew, drops one and replaces functions by ones that give the same. Whoever enqueues or claims waits while
-- the index is built: a second a million jobs. Older processes claim as before; they look through the whole queue for claims of the
-- dead twice a second, so finish the roll-out before hundreds of thousands of jobs wait.
--
-- Whether a job is claimed stands in no index and in no condition of one: a claim writes the row's second version on its page and
-- touches no index. Jobs that run are few; whoever looks for those that wait passes over them.
drop index jobs_running;
drop index jobs_ready;
-- Its condition holds for every job. It keeps the index to those who name a lane: who finds jobs by their id must not walk the whole
-- queue because it was short when the plan was made.
create index jobs_ready on jobs (lane, org_id, run_at, seq) where lane is not null;
-- Every job is claimed once: each row has room for its second version beside its first.
alter table jobs set (fillfactor = 50);

-- As before, but for how a job that waits is told: as num_nulls(), about which the planner has no statistics. Those of an instant in
-- which every job ran say that none waits, and a plan made by them reads all that wait where it wants the first.
create or replace function recoup_claim_org(p_lane text, p_org uuid, p_worker uuid, p_lease interval, p_limit int)
returns setof jobs language plpgsql set search_path = public, pg_temp as $$
declare
  v_window int := 256 + p_limit * 4;
  v_seen int;
  v_found int;
begin
  return query
    with heads as (
      select w.id from (
        select j.id, j.key, j.seq, j.run_at from jobs j
        where j.lane = p_lane and j.org_id = p_org and num_nulls(j.worker) > 0 and j.run_at <= now()
        order by j.run_at, j.seq limit v_window
      ) w
      where w.key is null or not exists (
        select 1 from jobs e where e.org_id = p_org and e.lane = p_lane and e.key = w.key and e.seq < w.seq)
      order by w.run_at, w.seq limit p_limit
    ), locked as (
      -- An array and num_nulls(), so that whatever the statistics say the heads are looked for once and then fetched by the
      -- primary key: the planner must not walk the whole backlog through the index of waiting jobs.
      select j.id from jobs j where j.org_id = p_org and j.id = any(array(select h.id from heads h)) and num_nulls(j.worker) = 1
      for update of j skip locked
    )
    update jobs j set worker = p_worker, lease_until = now() + p_lease, attempts = j.attempts + 1
    where j.org_id = p_org and j.id = any(array(select l.id from locked l))
    returning j.*;
  get diagnostics v_found = row_count;
  if v_found > 0 then return; end if;

  -- Nothing in the window could run: is it full of jobs that wait behind one key? Then look at the head of each key.
  select count(*) into v_seen from (
    select 1 from jobs j where j.lane = p_lane and j.org_id = p_org and num_nulls(j.worker) > 0 and j.run_at <= now() limit v_window) s;
  if v_seen < v_window then return; end if;
  return query
    with recursive heads as (
      (select j.key, j.id, j.worker, j.run_at from jobs j where j.org_id = p_org and j.lane = p_lane and j.key is not null
       order by j.key, j.seq limit 1)
      union all
      (select n.key, n.id, n.worker, n.run_at from heads h cross join lateral (
        select j.key, j.id, j.worker, j.run_at from jobs j
        where j.org_id = p_org and j.lane = p_lane and j.key > h.key order by j.key, j.seq limit 1) n)
    ), picked as (select h.id from heads h where h.worker is null and h.run_at <= now() limit p_limit),
    locked as (
      select j.id from jobs j where j.org_id = p_org and j.id = any(array(select p.id from picked p)) and num_nulls(j.worker) = 1
      for update of j skip locked
    )
    update jobs j set worker = p_worker, lease_until = now() + p_lease, attempts = j.attempts + 1
    where j.org_id = p_org and j.id = any(array(select l.id from locked l))
    returning j.*;
end $$;

-- A claim of jobs that follow one another under one key.
create or replace function recoup_claim_org(p_lane text, p_org uuid, p_worker uuid, p_lease interval, p_limit int, p_run int)
returns setof jobs language plpgsql set search_path = public, pg_temp as $$
declare
  v_window int := 256 + p_limit * 4;
  v_seen int;
  v_found int;
begin
  if p_run <= 1 then
    return query select * from recoup_claim_org(p_lane, p_org, p_worker, p_lease, p_limit);
    return;
  end if;
  return query
    with heads as (
      select w.id from (
        select j.id, j.key, j.seq, j.run_at from jobs j
        where j.lane = p_lane and j.org_id = p_org and num_nulls(j.worker) > 0 and j.run_at <= now()
        order by j.run_at, j.seq limit v_window
      ) w
      where w.key is null or not exists (
        select 1 from jobs e where e.org_id = p_org and e.lane = p_lane and e.key = w.key and e.seq < w.seq)
      order by w.run_at, w.seq limit p_limit
    ), locked as (
      -- Arrays and num_nulls() for the reason told at the function of five arguments.
      select j.id, j.key, j.kind, j.seq from jobs j
      where j.org_id = p_org and j.id = any(array(select h.id from heads h)) and num_nulls(j.worker) = 1
      for update of j skip locked
    ), behind as (
      select f.id from locked l cross join lateral (
        select n.id, bool_and(n.worker is null and n.run_at <= now() and n.kind = l.kind) over (order by n.seq) as goes_on
        from (select j.id, j.seq, j.worker, j.run_at, j.kind from jobs j
              where j.org_id = p_org and j.lane = p_lane and j.key = l.key and j.seq > l.seq
              order by j.seq limit p_run - 1) n
      ) f where l.key is not null and f.goes_on
    ), claimed as (
      update jobs j set worker = p_worker, lease_until = now() + p_lease, attempts = j.attempts + 1
      where j.org_id = p_org and num_nulls(j.worker) = 1
        and j.id = any(array(select l.id from locked l union all select b.id from behind b))
      returning j.*
    )
    select * from claimed c order by c.seq;
  get diagnostics v_found = row_count;
  if v_found > 0 then return; end if;

  -- A window full of jobs that wait behind one key: the older function looks at the head of each key.
  select count(*) into v_seen from (
    select 1 from jobs j where j.lane = p_lane and j.org_id = p_org and num_nulls(j.worker) > 0 and j.run_at <= now() limit v_window) s;
  if v_seen < v_window then return; end if;
  return query select * from recoup_claim_org(p_lane, p_org, p_worker, p_lease, p_limit);
end $$;

-- Fairness over organisations.
create or replace function recoup_claim(p_lane text, p_worker uuid, p_lease interval, p_limit int, p_after uuid, p_run int)
returns setof jobs language plpgsql set search_path = public, pg_temp as $$
declare
  v_org uuid;
  v_orgs uuid[] := '{}';
  v_share int;
  v_left int := p_limit;
  v_got int;
begin
  perform set_config('synchronous_commit', 'off', true);
  v_org := p_after;
  for turn in 1..32 loop
    select j.org_id into v_org from jobs j
      where j.lane = p_lane and num_nulls(j.worker) > 0 and j.org_id > v_org order by j.org_id limit 1;
    exit when v_org is null;
    v_orgs := v_orgs || v_org;
  end loop;
  if cardinality(v_orgs) < 32 then
    v_org := '00000000-0000-0000-0000-000000000000';
    for turn in 1..(32 - cardinality(v_orgs)) loop
      select j.org_id into v_org from jobs j
        where j.lane = p_lane and num_nulls(j.worker) > 0 and j.org_id > v_org and j.org_id <= p_after order by j.org_id limit 1;
      exit when v_org is null;
      v_orgs := v_orgs || v_org;
    end loop;
  end if;
  if cardinality(v_orgs) = 0 then return; end if;
  v_share := greatest(1, p_limit / cardinality(v_orgs));
  foreach v_org in array v_orgs loop
    exit when v_left <= 0;
    return query select * from recoup_claim_org(p_lane, v_org, p_worker, p_lease, least(v_share, v_left), p_run);
    get diagnostics v_got = row_count;
    v_left := v_left - v_got;
  end loop;
end $$;
