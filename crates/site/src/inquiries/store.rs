//! Inquiries in the database, for workers and the desk: a visitor's request writes one and sees nothing of the others.

use chrono::{DateTime, Utc};
use kernel::db::OrgTx;
use kernel::ids::{ContactId, InquiryId, LeadId, MaturityId};
use kernel::vault::{OrgVault, VaultError};
use serde::{Deserialize, Serialize};

use super::{Kind, NewInquiry};
use crate::ports::Person;

/// What is sealed: who wrote, and what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Letter {
    pub name: String,
    pub email: String,
    pub phone: String,
    pub company: String,
    pub message: String,
    /// Whether they want letters; none where they were not asked.
    pub letters: Option<bool>,
}

impl Letter {
    pub(super) fn of(new: &NewInquiry) -> Self {
        let Person { name, email, phone, company } = new.person.clone();
        Self { name, email, phone, company, message: new.message.clone(), letters: new.letters }
    }

    /// Who it is.
    pub(crate) fn person(&self) -> Person {
        Person {
            name: self.name.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
            company: self.company.clone(),
        }
    }

    /// Sealed for its row.
    pub(super) fn seal(&self, vault: &OrgVault, id: InquiryId) -> Result<Vec<u8>, VaultError> {
        let plain = serde_json::to_vec(self).map_err(|_| VaultError::Corrupt)?;
        vault.seal(&place(id), &plain)
    }

    /// Opened; empty where its key is gone.
    pub(crate) fn open(vault: &OrgVault, id: InquiryId, sealed: &[u8]) -> Self {
        let plain = vault.open(&place(id), sealed).unwrap_or_default();
        serde_json::from_slice(&plain).unwrap_or_default()
    }
}

/// What a sealed inquiry is bound to.
pub(crate) fn place(id: InquiryId) -> String {
    format!("site_inquiries/{id}")
}

/// An inquiry, opened.
#[derive(Clone, Debug)]
pub(crate) struct Inquiry {
    pub id: InquiryId,
    pub kind: Kind,
    pub topic: String,
    pub letter: Letter,
    pub state: String,
    /// To letters.
    pub consent: bool,
    pub confirmed_at: Option<DateTime<Utc>>,
    pub audit: Option<MaturityId>,
    pub contact: Option<ContactId>,
    /// Of the links in letters.
    pub token: String,
    pub at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: InquiryId,
    kind: String,
    topic: String,
    sealed: Vec<u8>,
    digest: Vec<u8>,
    state: String,
    consent: bool,
    confirmed_at: Option<DateTime<Utc>>,
    audit_id: Option<MaturityId>,
    contact_id: Option<ContactId>,
    at: DateTime<Utc>,
}

impl Row {
    fn open(self, vault: &OrgVault) -> Inquiry {
        Inquiry {
            id: self.id,
            // The table holds no other words.
            kind: Kind::from_word(&self.kind).unwrap_or(Kind::Contact),
            topic: self.topic,
            letter: Letter::open(vault, self.id, &self.sealed),
            state: self.state,
            consent: self.consent,
            confirmed_at: self.confirmed_at,
            audit: self.audit_id,
            contact: self.contact_id,
            token: super::token_of(vault, &self.digest),
            at: self.at,
        }
    }
}

const COLUMNS: &str = "id, kind, topic, sealed, digest, state, consent, confirmed_at, audit_id, contact_id, at";

/// An inquiry by its id, locked until the transaction ends.
pub(crate) async fn held(tx: &mut OrgTx, vault: &OrgVault, id: InquiryId) -> Result<Option<Inquiry>, sqlx::Error> {
    let query = format!("select {COLUMNS} from site_inquiries where org_id = $1 and id = $2 for update");
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await?;
    Ok(row.map(|row| row.open(vault)))
}

/// An inquiry by its id.
pub(crate) async fn find(tx: &mut OrgTx, vault: &OrgVault, id: InquiryId) -> Result<Option<Inquiry>, sqlx::Error> {
    let query = format!("select {COLUMNS} from site_inquiries where org_id = $1 and id = $2");
    let row: Option<Row> =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(tx.org()).bind(id).fetch_optional(tx.conn()).await?;
    Ok(row.map(|row| row.open(vault)))
}

/// Says whom and what an inquiry became.
pub(super) async fn became(tx: &mut OrgTx, id: InquiryId, contact: ContactId, lead: LeadId) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    sqlx::query(
        "update site_inquiries set contact_id = $3, lead_id = $4, updated_at = $5 where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(id)
    .bind(contact)
    .bind(lead)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes down what was done about an inquiry, without anybody's doing.
pub(super) async fn note(tx: &mut OrgTx, id: InquiryId, kind: &str, body: &str) -> Result<(), sqlx::Error> {
    let (org, now) = (tx.org(), tx.clock().now());
    let note = kernel::ids::NoteId::new(tx.clock());
    sqlx::query(
        "insert into site_inquiry_notes (org_id, id, inquiry_id, kind, body, by_actor, at) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(org)
    .bind(note)
    .bind(id)
    .bind(kind)
    .bind(body)
    .bind(kernel::ledger::Actor::System.to_string())
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}
