-- Roll-out: expand only; older processes do not read the column.

-- What an identity provider calls a member of a group, kept as it was sent.
alter table team_members add column display text;
