//! The few needs that cross organisations, each a named function on the narrow role `recoup_system`.
//!
//! This folder is the whole list: a reviewer who reads it has seen every query that is not confined by an organisation.
//! Add a function here only when no organisation can be known beforehand (sign-in, routing, the operator's totals).

mod audit;
mod crm;
mod doors;
mod health;
mod identity;
mod organisations;
mod people;
mod receiving;
mod totals;

pub use audit::{AnchorRow, AuditKeyRow, add_audit_key, audit_keys, prune_audit_log, unsigned_audit_logs};
pub use crm::crm_organisations;
pub use doors::{
    DoorRule, SigningKeyRow, add_signing_key, count_refusal, door_closed_until, forget_refusals, open_door,
    signing_keys,
};
pub use health::{FollowerRow, WorkerRow, followers, prepare_event_months, roles, unprotected_tables, workers};
pub use identity::{
    InviteRow, KeyRow, Person, RefreshRow, Seat, SessionRow, invite_by_token, key_by_hash, refresh_by_hash, seats_of,
    session_by_id, session_by_token, set_password_hash, touch_key, touch_session, user_by_email,
};
pub use organisations::{create_organisation, list_organisations, organisation_exists};
pub use people::{change_person, retire_account};
pub use receiving::{NewReceipt, keep_receipts, object_in_use, routes_of};
pub use totals::{claim_schedule, count, counters};
