//! Keeps what a visitor handed in, spam included.

use chrono::{DateTime, Utc};
use kernel::db::{OrgTx, site_token};
use kernel::ids::{InquiryId, encode};
use kernel::queue::{Lane, NewJob};
use kernel::vault::OrgVault;
use serde_json::json;
use shell::AppError;
use uuid::Uuid;

use super::store::Letter;
use super::{Kept, Kind, NewInquiry, fields, job, rate, spam};
use crate::core::Core;
use crate::visit::Visit;

/// Inquiries an hour from one address: a family shares one, a flood does not.
const PER_ADDRESS: u32 = 20;

/// Checks the fields, judges what may be spam, and writes the inquiry with its job into the transaction. The same thing sent again on
/// the same day is the same inquiry. Give it a transaction of [`kernel::db::Db::begin_site`] and commit it.
///
/// # Errors
/// What is wrong with which field; 429 for an address that sends very many.
pub(crate) async fn keep(core: &Core, visit: &Visit, tx: &mut OrgTx, new: NewInquiry) -> Result<Kept, AppError> {
    let new = fields::checked(new)?;
    rate::check(core, visit, "inquiry", PER_ADDRESS).await?;
    // What is asked of Redis here takes 50 ms at the worst, and then not again for seconds.
    let points = spam::judge(core, visit, &new).await;
    let vault = core.kernel().vault.of(visit.site.org).await?;
    let made = Made::of(&vault, &new, tx.clock().now());
    let is_spam = spam::is_spam(&points);
    let wants = new.letters == Some(true) || new.kind == Kind::Letters;
    let asks_first = visit.site.settings.double_opt_in;
    let state = match new.kind {
        _ if is_spam => "spam",
        Kind::Letters if asks_first => "unconfirmed",
        _ => "new",
    };
    let letter = Letter::of(&new);
    let sealed = letter.seal(&vault, made.id)?;
    // Without naming the columns: who may not see the row that is there learns nothing of it.
    sqlx::query(
        "insert into site_inquiries (org_id, id, kind, topic, sealed, email_index, digest, state, spam, consent, token_hash, \
           audit_id, source, at, updated_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(made.id)
    .bind(new.kind.as_str())
    .bind(&new.topic)
    .bind(sealed)
    .bind(fields::email_index(&vault, &new.person.email))
    .bind(&made.digest)
    .bind(state)
    .bind(json!(points))
    .bind(wants && !asks_first && !is_spam)
    .bind(site_token(&made.token))
    .bind(new.audit)
    .bind(&new.source)
    .bind(tx.clock().now())
    .execute(tx.conn())
    .await?;
    // The job sees what became of it: one that is done already does nothing.
    if !is_spam {
        tx.enqueue(job_of(made.id));
    }
    Ok(Kept { id: made.id, token: made.token, is_spam })
}

/// The token of an inquiry, from the digest in its row: workers put it into letters, and nobody else can make it.
pub(crate) fn token_of(vault: &OrgVault, digest: &[u8]) -> String {
    encode(token_bits(&vault.blind_index("site_inquiry_token", &hex::encode(digest))))
}

/// The job that sees to an inquiry.
pub(super) fn job_of(id: InquiryId) -> NewJob {
    NewJob::new(Lane::Crm, job::ARRIVAL, &job::Payload { inquiry: id }).key(id)
}

/// What follows from what was handed in alone, so that the same is the same.
struct Made {
    id: InquiryId,
    digest: Vec<u8>,
    token: String,
}

impl Made {
    fn of(vault: &OrgVault, new: &NewInquiry, at: DateTime<Utc>) -> Self {
        let NewInquiry { kind, topic, person, message, letters, audit, guard: _, source: _ } = new;
        let day = at.date_naive();
        let said = json!([
            day,
            kind.as_str(),
            topic,
            person.name,
            person.email,
            person.phone,
            person.company,
            message,
            letters,
            audit
        ]);
        let digest = vault.blind_index("site_inquiry", &said.to_string());
        let token = token_of(vault, &digest);
        let mut bits = [0; 10];
        for (bit, byte) in bits.iter_mut().zip(&digest) {
            *bit = *byte;
        }
        let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
        let millis = u64::try_from(midnight).unwrap_or_default();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid();
        Self { id: InquiryId::from_uuid(id), digest, token }
    }
}

fn token_bits(bytes: &[u8]) -> u128 {
    let mut bits = [0; 16];
    for (bit, byte) in bits.iter_mut().zip(bytes) {
        *bit = *byte;
    }
    Uuid::from_bytes(bits).as_u128()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_all_its_bits() {
        assert_eq!(token_bits(&[0xff; 32]), u128::MAX);
        assert_eq!(token_bits(&[]), 0);
        assert_eq!(encode(token_bits(&[0x80; 32])).len(), 26);
    }
}
