-- Roll-out: adds two columns with defaults, no table is rewritten; older processes leave them at 0, whose turns count as answered
-- with the next answer.
--
-- Which turn of its conversation a message belongs to: the one an inbound message began, the one an outbound message answers.
-- Time cannot tell that: a delivery may come after the answer to a newer message.
alter table messages add column turn bigint not null default 0;
-- The latest turn that was settled without an answer, such as a thank-you: nobody waits for one up to here.
alter table conversations add column quiet_turn bigint not null default 0;
