-- Roll-out: swaps a unique key, drops indexes and changes how rows are stored. Queries of older processes stay right; an upsert of
-- theirs finds the new key, because the order of its columns is all the same to it. Whoever writes to conversations waits while two
-- indexes are built: some seconds a million conversations.
--
-- An answered message writes its conversation anew twice, each time with an entry in every index; one of somebody new, three times.

-- One key tells the threads of a contact apart and finds them: it was two.
alter table conversations add constraint conversations_thread unique (org_id, contact_id, channel_id);
alter table conversations drop constraint conversations_org_id_channel_id_contact_id_key;
drop index conversations_by_contact;

-- Most threads are nobody's: they are found by time or by status, those of somebody by this.
drop index conversations_by_assignee;
create index conversations_by_assignee on conversations (org_id, assignee_id, status, last_message_at desc) where assignee_id is not null;

-- Whoever asks who waits longest counts the open threads in the same breath, and finds them there. With the instant in an index,
-- its end wrote every index anew.
drop index conversations_waiting;
-- The same in the view of it, which holds only who waits and is counted whole by its one reader.
drop index open_waits_by_age;

-- Decisions are looked up by their id and by conversation. The one statement that names messages names a kind beside them, for which
-- no index helps.
drop index ai_decisions_by_message;

-- A delivery is marked as handled once, most of a page at a time: with room for each row's second version beside its first none of
-- its indexes is touched, and the log holds the difference and not the delivery again.
alter table receipts set (fillfactor = 50);
-- The state of an answer changes four times, that of its neighbours on the page in the same moments.
alter table messages set (fillfactor = 50);
-- Sums of today and scores of now are written anew many times a second.
alter table daily_metrics set (fillfactor = 80);
alter table desk_metrics set (fillfactor = 80);
alter table daily_activity set (fillfactor = 80);
alter table daily_waits set (fillfactor = 80);
alter table lead_temperatures set (fillfactor = 80);

-- What is sealed does not become smaller: it is kept without the attempt. A record of a decision that is a little too long for a
-- quarter of a page stays in its row.
alter table receipts alter column sealed set storage external;
alter table ai_decisions alter column sealed set storage external;
alter table ai_decisions set (toast_tuple_target = 4080);

-- Nobody searches within these: counting a table need not compare them.
alter table receipts alter column raw set statistics 0, alter column sealed set statistics 0, alter column people set statistics 0;
alter table ai_decisions alter column sealed set statistics 0, alter column chunk_ids set statistics 0, alter column chunk_hashes set statistics 0;
alter table signal_batches alter column sums set statistics 0, alter column leads set statistics 0, alter column contacts set statistics 0;
