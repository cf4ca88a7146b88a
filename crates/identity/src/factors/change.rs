//! Turning factors on and off, with what follows: rows in the audit log, recovery codes, the end of reminders.

use kernel::audit::{self, AuditEntry};
use kernel::db::{OrgTx, system};
use kernel::ids::UserId;
use serde_json::{Value, json};
use shell::auth::permission::View;
use shell::{Allowed, AppError};

use super::{open, own_account, recovery, totp};
use crate::Identity;
use crate::origin::Origin;
use crate::store::factor_rules;

/// Turns the authenticator app on by its first code. Gives recovery codes with a person's first factor.
pub(crate) async fn confirm_totp(
    identity: &Identity,
    by: &Allowed<View>,
    typed: &str,
    origin: &Origin,
) -> Result<Vec<String>, AppError> {
    let (user, kernel) = (own_account(identity, by).await?, identity.kernel());
    let nothing = || AppError::conflict("no authenticator app is being set up; begin again");
    let row = system::totp_of(&kernel.db, user).await?.filter(|row| row.confirmed_at.is_none());
    let secret = open(identity, user, &row.ok_or_else(nothing)?)?;
    let now = kernel.clock.now();
    let step = totp::matching_step(&secret, typed, now)
        .ok_or_else(|| AppError::field("code", "is not the code of this moment; check the clock of your device"))?;
    if !system::confirm_totp(&kernel.db, user, step, now).await? {
        return Err(nothing());
    }
    added(identity, by, user, ("totp.added", json!({})), origin).await
}

/// Removes the authenticator app.
pub(crate) async fn remove_totp(identity: &Identity, by: &Allowed<View>, origin: &Origin) -> Result<(), AppError> {
    let user = own_account(identity, by).await?;
    let factors = super::of(identity, user).await?;
    let mut tx = by.tx().await?;
    may_go(&mut tx, factors.totp_at.is_some() && factors.passkeys == 0).await?;
    audit::record(&mut tx, AuditEntry::new(by.actor(), "totp.removed").about(user).from_ip(origin.ip)).await?;
    if !system::remove_totp(&identity.kernel().db, user).await? {
        return Err(AppError::not_found("authenticator app"));
    }
    tx.commit().await?;
    removed(identity, user).await
}

/// Makes recovery codes anew.
pub(crate) async fn renew_codes(
    identity: &Identity,
    by: &Allowed<View>,
    origin: &Origin,
) -> Result<Vec<String>, AppError> {
    let user = own_account(identity, by).await?;
    if !super::of(identity, user).await?.any() {
        return Err(AppError::conflict("recovery codes stand in for a second factor; set one up first"));
    }
    let mut tx = by.tx().await?;
    let entry = AuditEntry::new(by.actor(), "recovery_codes.renewed").about(user).from_ip(origin.ip);
    audit::record(&mut tx, entry).await?;
    let codes = recovery::renew(identity, user).await?;
    tx.commit().await?;
    Ok(codes)
}

/// What follows on a new factor: the row in the audit log, recovery codes if there are none, an end to the reminder.
pub(crate) async fn added(
    identity: &Identity,
    by: &Allowed<View>,
    user: UserId,
    (action, detail): (&'static str, Value),
    origin: &Origin,
) -> Result<Vec<String>, AppError> {
    let mut tx = by.tx().await?;
    let entry = AuditEntry::new(by.actor(), action).about(user).detail(detail).from_ip(origin.ip);
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    identity.doorkeeper().forget();
    let left = super::of(identity, user).await?.recovery_left;
    if left > 0 { Ok(Vec::new()) } else { recovery::renew(identity, user).await }
}

/// What follows on a factor's end.
pub(crate) async fn removed(identity: &Identity, user: UserId) -> Result<(), AppError> {
    system::drop_stray_recovery_codes(&identity.kernel().db, user).await?;
    identity.doorkeeper().forget();
    Ok(())
}

/// Whether a factor may go: not the last one where the organisation asks for one.
pub(crate) async fn may_go(tx: &mut OrgTx, last: bool) -> Result<(), AppError> {
    if last && factor_rules::get(tx).await?.is_some() {
        return Err(AppError::conflict("your organisation asks for a second factor; set up another one first"));
    }
    Ok(())
}
