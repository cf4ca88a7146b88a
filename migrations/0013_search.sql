-- Roll-out: replaces the body of a function; its arguments and results stay, older processes go on calling it.
--
-- A word that many messages have is found among the newest ones; going through all its matches to sort them would take as long
-- as there are messages. What is rarer is looked up in the index of words, and its matches are few.
create or replace function recoup_search_messages(p_query text, p_before timestamptz, p_limit int)
returns table (id uuid, conversation_id uuid, at timestamptz) language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  v_query tsquery := websearch_to_tsquery('simple', p_query);
  v_org uuid := recoup_org();
  v_newest uuid[];
begin
  if v_org is null then return; end if;
  v_newest := array(
    select n.id from (
      select m.id, m.at, m.search from messages m
      where m.org_id = v_org and (p_before is null or m.at < p_before)
      order by m.id desc limit p_limit * 20) n
    where n.search @@ v_query limit p_limit);
  if cardinality(v_newest) >= p_limit then
    return query
      select m.id, m.conversation_id, m.at from messages m
      where m.org_id = v_org and m.id = any(v_newest) order by m.at desc, m.id desc;
    return;
  end if;
  return query
    select m.id, m.conversation_id, m.at from messages m
    where m.org_id = v_org and m.search @@ v_query and (p_before is null or m.at < p_before)
    order by m.at desc, m.id desc limit p_limit;
end $$;
