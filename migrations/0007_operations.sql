-- Roll-out: an index only; nothing depends on it.
--
-- The Operations page and the API list an organisation's dead letters newest first, below a cursor.
create index dead_letters_newest on dead_letters (org_id, id desc);
