-- Roll-out: not for a mixed fleet. Stop the processes of the former version, run `recoup migrate`, start the new ones: the
-- former ones would look for people under their ids in the open, and cannot read deliveries that are sealed. The schema only
-- expands; what stands in the open is sealed by `recoup migrate` (and `recoup up`) after it, because SQL has no keys.
--
-- On some channels a person's id at the platform is personal by itself: a phone number, an address. There the columns that
-- held it hold its fingerprint, and beside it is the id, sealed.
alter table contact_identities add column sealed bytea;
alter table hidden_identities add column sealed bytea;
alter table conversations add column recipient_sealed bytea;

-- Deliveries as they came, sealed. `raw` is empty from here on and goes with a later migration. `people` are fingerprints of
-- whom a delivery is about, so that an erasure finds it unopened.
alter table receipts alter column raw drop not null;
alter table receipts add column sealed bytea;
alter table receipts add column people text[] not null default '{}';
create index receipts_in_the_open on receipts (org_id, id) where raw is not null;

-- When an organisation's rows were looked through for what a former version kept in the open; new ones have nothing.
alter table organisations add column sealed_at timestamptz;
alter table organisations alter column sealed_at set default now();
