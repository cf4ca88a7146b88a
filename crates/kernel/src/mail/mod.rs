//! Letters to people: written with the change that causes them, carried by SMTP afterwards.
//!
//! [`post`] queues a letter in the caller's transaction, sealed, because links in letters are secrets; the [`Postman`]
//! carries it. Rules: a letter is carried at least once (a connection that breaks after the letter was handed over leaves it
//! open; a second copy has the same `Message-ID`); links are made from the configured public address, never from a request;
//! what a stranger chose (a contact's name) goes through [`one_line`] before it stands in a subject.

mod letter;
mod postman;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

pub use letter::{Attachment, BadLetter, Letter, one_line};
pub use postman::{Postman, probe};

use crate::db::OrgTx;
use crate::ids::{JobId, LetterId};
use crate::queue::{Lane, NewJob};
use crate::vault::{OrgVault, Vault, VaultError};

/// The kind of the jobs that carry letters.
pub const KIND: &str = "mail.send";

/// Why a letter was not queued.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It must not leave as it is.
    #[error(transparent)]
    Bad(#[from] BadLetter),
    /// It cannot be sealed.
    #[error("the letter cannot be sealed: {0}")]
    Vault(#[from] VaultError),
}

/// What a job holds: the letter can be read with the organisation's key alone.
#[derive(Serialize, Deserialize)]
struct Envelope {
    letter: LetterId,
    sealed: String,
}

/// Queues a letter with the transaction. Ask [`crate::config::MailConfig::is_set`] first: without a server it would rest
/// among the dead letters.
pub async fn post(tx: &mut OrgTx, vault: &Vault, letter: &Letter) -> Result<JobId, MailError> {
    letter.check()?;
    let id = LetterId::new(tx.clock());
    let plain = serde_json::to_vec(letter).map_err(|_| BadLetter::Unwritable)?;
    let sealed = vault.seal(tx.org(), &place(id), &plain).await?;
    let envelope = Envelope { letter: id, sealed: STANDARD.encode(sealed) };
    Ok(tx.enqueue(NewJob::new(Lane::Mail, KIND, &envelope)))
}

/// The letter in a job's payload, as JSON; none when it carries none. For looking for a person in what waits to be sent.
pub(crate) fn opened(vault: &OrgVault, payload: &serde_json::Value) -> Option<Vec<u8>> {
    let Envelope { letter, sealed } = Envelope::deserialize(payload).ok()?;
    vault.open(&place(letter), &STANDARD.decode(sealed).ok()?).ok()
}

fn place(id: LetterId) -> String {
    format!("letters/{id}")
}
