-- Roll-out: adds an index only. Processes of the release before go on as they were.

-- A push about an account of an outside system names the account, not an organisation.
create index connections_by_account on connections (kind, (settings ->> 'account')) where settings ->> 'account' is not null;
