//! A password that was forgotten: a letter with a link, a new password, every session over.
//!
//! Rules: the answer to an email is the same words after the same work whether or not anybody has it, and everything that
//! depends on it happens after the answer; the link is made from the configured address, never from the request; a link works
//! once, for an hour; looking at it uses nothing up, because mail programs look too.

pub(crate) mod api;
pub(crate) mod page;

use chrono::Duration;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::db::system::{self, ResetRow};
use kernel::ids::UserId;
use kernel::ledger::Actor;
use kernel::mail::{self, Letter};
use kernel::{CanFail, Kernel};
use shell::AppError;

use crate::input::Check;
use crate::origin::Origin;
use crate::{Identity, device, secrets};

/// How long a link works.
const LASTS: Duration = Duration::hours(1);
/// The most links a person is sent within an hour, so that nobody's mailbox is flooded.
const MOST: i64 = 3;

/// What is said to whoever asks.
const SAID: &str = "if there is an account with this email, a letter with a link is on its way";

/// Takes the wish; the rest happens after the answer. Refused only where no mail is sent at all.
pub(crate) fn ask(identity: &Identity, email: &str, origin: &Origin) -> Result<(), AppError> {
    if !identity.kernel().config.mail.is_set() {
        return Err(AppError::unavailable(
            "this Recoup sends no mail; ask whoever runs it to set a new password with `recoup user password`",
        ));
    }
    let (kernel, email, origin) = (identity.kernel().clone(), email.trim().to_lowercase(), origin.clone());
    tokio::spawn(async move {
        send(&kernel, &email, &origin).await.can_fail("sending a link to reset a password");
    });
    Ok(())
}

async fn send(kernel: &Kernel, email: &str, origin: &Origin) -> anyhow::Result<()> {
    let Some(person) = system::user_by_email(&kernel.db, email).await? else { return Ok(()) };
    // The letter waits in the queue of an organisation; whoever belongs to none has nothing to sign in to.
    let Some(seat) = system::seats_of(&kernel.db, person.id).await?.into_iter().next() else { return Ok(()) };
    let token = secrets::fresh("").map_err(|error| anyhow::anyhow!("{error}"))?;
    let now = kernel.clock.now();
    if !system::add_reset(&kernel.db, person.id, &secrets::hash(&token), (now, now + LASTS), MOST).await? {
        return Ok(());
    }
    let link = format!("{}/reset/{token}", kernel.config.http.base_url());
    let letter = Letter::new(person.email, "Choose a new password for Recoup")
        .say("Somebody, hopefully you, asked for a new password for your account.")
        .link("Choose a new password", &link)
        .say("The link works once, for an hour. If it was not you, do nothing: your password stays as it is.");
    let mut tx = kernel.db.begin(seat.org).await?;
    mail::post(&mut tx, &kernel.vault, &letter).await?;
    let entry = AuditEntry::new(Actor::System, "password.reset_asked").about(person.id).from_ip(origin.ip);
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// Whose password an open link changes.
pub(crate) async fn find(identity: &Identity, token: &str) -> Result<ResetRow, AppError> {
    let kernel = identity.kernel();
    system::reset_by_token(&kernel.db, &secrets::hash(token), kernel.clock.now()).await?.ok_or_else(ended)
}

/// Uses a link up.
pub(crate) async fn choose(identity: &Identity, token: &str, password: &str, origin: &Origin) -> Result<(), AppError> {
    let kernel = identity.kernel();
    let person = find(identity, token).await?;
    let mut check = Check::default();
    check.about(&[&person.email, &person.name]);
    let password = check.password("password", password);
    check.done()?;
    let hash = identity.hasher().hash(password).await?;
    if !system::use_reset(&kernel.db, &secrets::hash(token), &hash, kernel.clock.now()).await? {
        return Err(ended());
    }
    identity.doorkeeper().forget();
    note(kernel, person, origin).await?;
    Ok(())
}

/// Writes it into the audit logs of the person's organisations and tells the person.
async fn note(kernel: &Kernel, person: ResetRow, origin: &Origin) -> Result<(), AppError> {
    let ResetRow { user_id, email, name: _ } = person;
    for (at, seat) in system::seats_of(&kernel.db, user_id).await?.into_iter().enumerate() {
        let mut tx = kernel.db.begin(seat.org).await?;
        noted(&mut tx, user_id, origin).await?;
        if at == 0 {
            tell_of_change(kernel, &mut tx, &email, origin).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

async fn noted(tx: &mut OrgTx, user: UserId, origin: &Origin) -> Result<(), AppError> {
    let entry = AuditEntry::new(Actor::User(user), "password.reset").about(user).from_ip(origin.ip);
    audit::record(tx, entry).await?;
    Ok(())
}

/// Tells a person that their password was changed, where mail is sent.
pub(crate) async fn tell_of_change(
    kernel: &Kernel,
    tx: &mut OrgTx,
    email: &str,
    origin: &Origin,
) -> Result<(), AppError> {
    if !kernel.config.mail.is_set() {
        return Ok(());
    }
    let device = device::readable(&origin.agent);
    let from = origin.ip.map_or_else(|| "unknown".to_owned(), |ip| ip.to_string());
    let link = format!("{}/reset", kernel.config.http.base_url());
    let letter = Letter::new(email, "Your Recoup password was changed")
        .say("Your password was changed, and your sessions elsewhere are over.")
        .facts(&[("Device", &device), ("Address", &from)])
        .say("If it was not you, choose a new one now and tell the admins of your organisation:")
        .link("Have a link sent", &link);
    mail::post(tx, &kernel.vault, &letter).await.map_err(AppError::internal)?;
    Ok(())
}

fn ended() -> AppError {
    AppError::not_found("open link: it ended or was used; ask for another")
}
