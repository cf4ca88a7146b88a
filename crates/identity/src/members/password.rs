//! Setting a person's password from the command line: for somebody who forgot it where no mail is sent.

use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::system;
use kernel::ledger::Actor;
use shell::AppError;

use crate::input::Check;
use crate::passwords::Hasher;

/// Gives a person a new password and ends their sessions everywhere; other processes notice within a second.
pub async fn set_password(kernel: &Kernel, email: &str, password: &str) -> Result<(), AppError> {
    let mut check = Check::default();
    let email = check.email("email", email);
    let password = check.password("password", password);
    check.done()?;
    let person =
        system::user_by_email(&kernel.db, email.as_str()).await?.ok_or_else(|| AppError::not_found("person"))?;
    let hash = Hasher::default().hash(password).await?;
    system::set_password_hash(&kernel.db, person.id, &hash, kernel.clock.now(), None).await?;
    for seat in system::seats_of(&kernel.db, person.id).await? {
        let mut tx = kernel.db.begin(seat.org).await?;
        audit::record(&mut tx, AuditEntry::new(Actor::System, "password.set").about(person.id)).await?;
        tx.commit().await?;
    }
    Ok(())
}
