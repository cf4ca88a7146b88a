//! What lists and threads show of contacts, for many at once.

use std::collections::HashMap;

use kernel::db::OrgTx;
use kernel::ids::{ContactId, LeadId};
use kernel::vault::OrgVault;
use uuid::Uuid;

use super::{Field, Profile};

/// A contact as others see it.
#[derive(Clone, Debug)]
pub struct Card {
    /// The contact.
    pub id: ContactId,
    /// Its opened fields.
    pub profile: Profile,
    /// Its open lead, if any.
    pub lead: Option<LeadId>,
    /// The lead's tag.
    pub tag: Option<String>,
    /// The lead's score.
    pub score: Option<i32>,
    /// The channel it was first seen on.
    pub first_channel: Option<String>,
}

impl Card {
    /// The name shown, which is never empty.
    pub fn shown_name(&self) -> String {
        self.profile
            .name
            .clone()
            .or_else(|| self.profile.username.as_ref().map(|handle| format!("@{handle}")))
            .unwrap_or_else(|| {
                let text = self.id.to_string();
                format!("Contact {}", &text[text.len() - 4..])
            })
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ContactId,
    name: Option<Vec<u8>>,
    username: Option<Vec<u8>>,
    email: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
    first_channel: Option<String>,
    lead_id: Option<LeadId>,
    tag: Option<String>,
    score: Option<i32>,
}

/// The cards of contacts; one that was erased is missing.
pub async fn cards(
    tx: &mut OrgTx,
    vault: &OrgVault,
    contacts: &[ContactId],
) -> Result<HashMap<ContactId, Card>, sqlx::Error> {
    let ids: Vec<Uuid> = contacts.iter().map(|id| id.uuid()).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "select c.id, c.name, c.username, c.email, c.phone, c.first_channel, l.id as lead_id, l.tag, l.score from contacts c \
         left join leads l on l.org_id = c.org_id and l.contact_id = c.id and l.closed_at is null \
         where c.org_id = $1 and c.id = any($2) and c.erased_at is null",
    )
    .bind(tx.org())
    .bind(ids)
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, open(vault, row))).collect())
}

fn open(vault: &OrgVault, row: Row) -> Card {
    let text = |field: Field, sealed: &Option<Vec<u8>>| field.open(vault, row.id, sealed.as_deref());
    let profile = Profile {
        name: text(Field::Name, &row.name),
        username: text(Field::Username, &row.username),
        email: text(Field::Email, &row.email),
        phone: text(Field::Phone, &row.phone),
    };
    Card { id: row.id, profile, lead: row.lead_id, tag: row.tag, score: row.score, first_channel: row.first_channel }
}

/// Contacts whose name, handle, e-mail or phone is the query.
pub async fn find(tx: &mut OrgTx, vault: &OrgVault, query: &str, limit: i64) -> Result<Vec<ContactId>, sqlx::Error> {
    sqlx::query_scalar(
        "select id from contacts where org_id = $1 and erased_at is null and merged_into is null \
         and (name_index = $2 or username_index = $3 or email_index = $4 or phone_index = $5) order by seen_at desc limit $6",
    )
    .bind(tx.org())
    .bind(Field::Name.index(vault, query))
    .bind(Field::Username.index(vault, query))
    .bind(Field::Email.index(vault, query))
    .bind(Field::Phone.index(vault, query))
    .bind(limit)
    .fetch_all(tx.conn())
    .await
}
