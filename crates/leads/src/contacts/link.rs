//! A person on a channel who said which address is theirs: the contact that has it writes from there too.

use kernel::channel::ChannelKind;
use kernel::db::OrgTx;
use kernel::ids::{ChannelId, ContactId};
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::vault::OrgVault;

use super::Field;

/// Says that whoever has an id on an account has an address. An id that is new belongs to the contact with that address from here on;
/// where there is none, a contact is made with it. An id that belongs to somebody stays theirs.
///
/// # Errors
/// When the database or the vault does not answer.
pub async fn link(
    tx: &mut OrgTx,
    vault: &OrgVault,
    channel: ChannelId,
    kind: ChannelKind,
    id: &str,
    email: &str,
) -> anyhow::Result<()> {
    let index = Field::Email.index(vault, email);
    // Whoever comes with the same address at the same moment waits, as in `arrivals`: one contact has it, not two.
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('arrivals/' || $1::text || encode($2, 'hex'), 0))")
        .bind(tx.org().uuid())
        .bind(&index)
        .execute(tx.conn())
        .await?;
    let kept = vault.kept_id(kind, id);
    let known: bool = sqlx::query_scalar(
        "select exists (select from contact_identities where org_id = $1 and channel_id = $2 and platform_id = $3)",
    )
    .bind(tx.org())
    .bind(channel)
    .bind(&kept)
    .fetch_one(tx.conn())
    .await?;
    if known {
        return Ok(());
    }
    let contact = match with_address(tx, &index).await? {
        Some(contact) => contact,
        None => make(tx, vault, kind, email).await?,
    };
    sqlx::query(
        "insert into contact_identities (org_id, channel_id, platform_id, channel_kind, contact_id, sealed) \
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(channel)
    .bind(&kept)
    .bind(kind)
    .bind(contact)
    .bind(vault.seal_id(kind, channel, id)?)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The contact with an address, seen latest.
async fn with_address(tx: &mut OrgTx, index: &[u8]) -> Result<Option<ContactId>, sqlx::Error> {
    sqlx::query_scalar(
        "select id from contacts where org_id = $1 and email_index = $2 and merged_into is null and erased_at is null \
         order by seen_at desc, id limit 1",
    )
    .bind(tx.org())
    .bind(index)
    .fetch_optional(tx.conn())
    .await
}

async fn make(tx: &mut OrgTx, vault: &OrgVault, kind: ChannelKind, email: &str) -> anyhow::Result<ContactId> {
    let contact = ContactId::new(tx.clock());
    let (sealed, index) = Field::Email.seal(vault, contact, email)?;
    sqlx::query("insert into contacts (org_id, id, first_channel, email, email_index) values ($1, $2, $3, $4, $5)")
        .bind(tx.org())
        .bind(contact)
        .bind(kind)
        .bind(sealed)
        .bind(index)
        .execute(tx.conn())
        .await?;
    let fact = Fact::ContactCreated { contact, channel: Some(kind) };
    tx.append(Event::new(Subject::Contact(contact), Actor::Contact(contact), fact));
    Ok(contact)
}
