-- Roll-out: adds the queue's claim function; older processes do not call it.
--
-- Claims up to p_limit due jobs of a lane, fairly over organisations: a loose index scan finds the next organisations with
-- waiting jobs after p_after (wrapping round), each gives an equal share. Of jobs with one key only the oldest may run.

create function recoup_claim_org(p_lane text, p_org uuid, p_worker uuid, p_lease interval, p_limit int)
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
        where j.lane = p_lane and j.org_id = p_org and j.worker is null and j.run_at <= now()
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
    select 1 from jobs j where j.lane = p_lane and j.org_id = p_org and j.worker is null and j.run_at <= now() limit v_window) s;
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

create function recoup_claim(p_lane text, p_worker uuid, p_lease interval, p_limit int, p_after uuid)
returns setof jobs language plpgsql set search_path = public, pg_temp as $$
declare
  v_org uuid;
  v_orgs uuid[] := '{}';
  v_share int;
  v_left int := p_limit;
  v_got int;
begin
  v_org := p_after;
  for turn in 1..32 loop
    select j.org_id into v_org from jobs j
      where j.lane = p_lane and j.worker is null and j.org_id > v_org order by j.org_id limit 1;
    exit when v_org is null;
    v_orgs := v_orgs || v_org;
  end loop;
  if cardinality(v_orgs) < 32 then
    v_org := '00000000-0000-0000-0000-000000000000';
    for turn in 1..(32 - cardinality(v_orgs)) loop
      select j.org_id into v_org from jobs j
        where j.lane = p_lane and j.worker is null and j.org_id > v_org and j.org_id <= p_after order by j.org_id limit 1;
      exit when v_org is null;
      v_orgs := v_orgs || v_org;
    end loop;
  end if;
  if cardinality(v_orgs) = 0 then return; end if;
  v_share := greatest(1, p_limit / cardinality(v_orgs));
  foreach v_org in array v_orgs loop
    exit when v_left <= 0;
    return query select * from recoup_claim_org(p_lane, v_org, p_worker, p_lease, least(v_share, v_left));
    get diagnostics v_got = row_count;
    v_left := v_left - v_got;
  end loop;
end $$;
grant execute on function recoup_claim_org(text, uuid, uuid, interval, int), recoup_claim(text, uuid, interval, int, uuid) to recoup_system;
