//! The few needs that cross organisations, each a named function on the narrow role `recoup_system`.
//!
//! This folder is the whole list: a reviewer who reads it has seen every query that is not confined by an organisation.
//! Add a function here only when no organisation can be known beforehand (sign-in, routing, the operator's totals).

mod audit;
mod benchmarks;
mod crm;
mod doors;
mod factors;
mod health;
mod identity;
mod intake;
mod organisations;
mod passkeys;
mod people;
mod privacy;
mod receiving;
mod resets;
mod sites;
mod sso;
mod totals;

pub use audit::{AnchorRow, AuditKeyRow, add_audit_key, audit_keys, prune_audit_log, unsigned_audit_logs};
pub use benchmarks::make_benchmarks;
pub use crm::crm_organisations;
pub use doors::{
    DoorRule, SigningKeyRow, add_signing_key, count_refusal, door_closed_until, forget_refusals, open_door,
    retire_signing_keys, signing_keys,
};
pub use factors::{
    Factors, Named, PendingRow, TotpRow, add_pending, attempt_succeeded, begin_attempt, begin_totp, confirm_totp,
    drop_stray_recovery_codes, factors_of, members_with_factor, pending_by_token, person_named, remove_totp,
    reset_factors, reset_factors_everywhere, session_verified, set_recovery_codes, totp_of, use_pending,
    use_recovery_code, use_totp_step,
};
pub use health::{FollowerRow, WorkerRow, followers, prepare_event_months, roles, unprotected_tables, workers};
pub use identity::{
    InviteRow, KeyRow, Person, RefreshRow, Seat, SessionRow, invite_by_token, key_by_hash, refresh_by_hash, seats_of,
    session_by_id, session_by_token, touch_key, touch_session, user_by_email,
};
pub use intake::{connections_of_account, door_of};
pub use organisations::{
    DeletedOrganisation, create_organisation, deleted_by_link, deleted_organisations, destroy_keys, erase_people,
    erase_rows, list_organisations, organisation_erased, organisation_exists, organisation_sealed,
    unsealed_organisations,
};
pub use passkeys::{
    PasskeyRow, add_challenge, add_passkey, passkey_by_credential, passkeys_of, remove_passkey, rename_passkey,
    take_challenge, use_passkey,
};
pub use people::{change_person, empty_account, retire_account};
pub use privacy::common_rows;
pub use receiving::{NewReceipt, RECEIPTS, SHARDS, keep_receipts, object_in_use, routes_of};
pub use resets::{ResetRow, add_reset, password_hash_of, reset_by_token, set_password_hash, set_user_name, use_reset};
pub use sites::{SiteRow, only_site, site_of_domain, site_of_organisation};
pub use sso::{SsoDoor, sso_doors, sso_organisation};
pub use totals::{claim_schedule, count, counters};
