-- Roll-out: replaces a function by one that gives the same, and adds one; older processes call what they called.
--
-- The queue's own book-keeping does not wait for the disk. What a claim leads to is committed durably after it and makes it
-- durable with itself; a claim or an end that is lost with the machine's last moments leaves a job that runs again, as after
-- any crash. Jobs are enqueued, and effects committed, as durably as before.

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
    return query select * from recoup_claim_org(p_lane, v_org, p_worker, p_lease, least(v_share, v_left), p_run);
    get diagnostics v_got = row_count;
    v_left := v_left - v_got;
  end loop;
end $$;

-- Removes jobs that ended.
create function recoup_finish(p_orgs uuid[], p_ids uuid[]) returns void language plpgsql set search_path = public, pg_temp as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  delete from jobs j using unnest(p_orgs, p_ids) as d (org_id, id) where j.org_id = d.org_id and j.id = d.id;
end $$;
grant execute on function recoup_finish(uuid[], uuid[]) to recoup_system;

