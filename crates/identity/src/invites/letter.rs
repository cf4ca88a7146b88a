//! The letter that carries an invitation's link.

use kernel::db::OrgTx;
use kernel::mail::{self, Letter, one_line};
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, Role};

use super::create::link;

/// Queues the letter with the transaction that makes the invitation. False when no mail server is configured: whoever invites
/// is shown the link instead. With one, the link goes to the invited address alone, so that accepting proves it.
pub(crate) async fn post(
    tx: &mut OrgTx,
    app: &App,
    by: &Allowed<ManagePeople>,
    (email, role): (&str, Role),
    token: &str,
) -> Result<bool, AppError> {
    let kernel = by.kernel();
    if !kernel.config.mail.is_set() {
        return Ok(false);
    }
    let (org, inviter) = (one_line(&by.principal().org_name, 100), one_line(&by.principal().name, 100));
    let letter = Letter::new(email, format!("Your invitation to {org}"))
        .say(&format!("{inviter} invites you to work with {org} in Recoup, as {role}."))
        .link("Accept the invitation", &link(app, token))
        .say("The link works once, for a week. If you do not know who this is from, do nothing.");
    mail::post(tx, &kernel.vault, &letter).await.map_err(AppError::internal)?;
    Ok(true)
}
