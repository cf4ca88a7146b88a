//! Turning factors on and off, with what follows: rows in the audit log, recovery codes, the end of reminders. A change, its codes
//! and its row are one transaction.

use kernel::audit::{self, AuditEntry};
use kernel::db::{OrgTx, system};
use kernel::ids::UserId;
use kernel::ledger::Actor;
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
    let mut tx = by.tx().await?;
    if !system::confirm_totp(&mut tx, user, step, now).await? {
        return Err(nothing());
    }
    let codes = added(identity, &mut tx, (by.actor(), user), ("totp.added", json!({})), origin).await?;
    committed(identity, tx).await?;
    Ok(codes)
}

/// Removes the authenticator app.
pub(crate) async fn remove_totp(identity: &Identity, by: &Allowed<View>, origin: &Origin) -> Result<(), AppError> {
    let user = own_account(identity, by).await?;
    let factors = super::of(identity, user).await?;
    let mut tx = by.tx().await?;
    may_go(&mut tx, factors.totp_at.is_some() && factors.passkeys == 0).await?;
    if !system::remove_totp(&mut tx, user).await? {
        return Err(AppError::not_found("authenticator app"));
    }
    removed(&mut tx, (by.actor(), user), ("totp.removed", json!({})), origin).await?;
    committed(identity, tx).await
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
    let codes = recovery::renew(&mut tx, user).await?;
    let entry = AuditEntry::new(by.actor(), "recovery_codes.renewed").about(user).from_ip(origin.ip);
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(codes)
}

/// What comes with a new factor, in its transaction: recovery codes if there are none, and the row in the audit log.
pub(crate) async fn added(
    identity: &Identity,
    tx: &mut OrgTx,
    (by, user): (Actor, UserId),
    (action, detail): (&'static str, Value),
    origin: &Origin,
) -> Result<Vec<String>, AppError> {
    let left = super::of(identity, user).await?.recovery_left;
    let codes = if left > 0 { Vec::new() } else { recovery::renew(tx, user).await? };
    let entry = AuditEntry::new(by, action).about(user).detail(detail).from_ip(origin.ip);
    audit::record(tx, entry).await?;
    Ok(codes)
}

/// What goes with a factor, in its transaction: recovery codes that stand in for nothing any more; and the row in the audit log.
pub(crate) async fn removed(
    tx: &mut OrgTx,
    (by, user): (Actor, UserId),
    (action, detail): (&'static str, Value),
    origin: &Origin,
) -> Result<(), AppError> {
    system::drop_stray_recovery_codes(tx, user).await?;
    audit::record(tx, AuditEntry::new(by, action).about(user).detail(detail).from_ip(origin.ip)).await?;
    Ok(())
}

/// Commits a change of factors: whether somebody owes one is looked up anew.
pub(crate) async fn committed(identity: &Identity, tx: OrgTx) -> Result<(), AppError> {
    tx.commit().await?;
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
