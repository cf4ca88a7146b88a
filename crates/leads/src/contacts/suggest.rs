//! `GET /v2/contacts/{id}/suggestions`: who may be the same person. Only shown, never acted on.

use axum::extract::State;
use kernel::ids::ContactId;
use serde::Serialize;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::cards;
use crate::core::Core;

/// A contact that may be the same person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestionOut {
    contact: ContactId,
    /// The name shown, which is never empty.
    name: String,
    /// What both have: `phone`, `email`.
    because: Vec<&'static str>,
    /// The kinds of channel it writes from.
    channels: Vec<String>,
}

/// Contacts that may be the same person, seen latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestionList {
    data: Vec<SuggestionOut>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ContactId,
    phone: bool,
    email: bool,
    channels: Vec<String>,
}

/// Contacts on other channels with the same phone number or e-mail address.
#[utoipa::path(get, path = "/v2/contacts/{id}/suggestions", tag = "contacts", responses((status = 200, body = SuggestionList)))]
pub(crate) async fn suggest_merges(
    by: Allowed<View>,
    State(core): State<Core>,
    Path(id): Path<ContactId>,
) -> Result<Json<SuggestionList>, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    if cards(&mut tx, &vault, &[id]).await?.is_empty() {
        return Err(AppError::not_found("contact"));
    }
    let rows: Vec<Row> = sqlx::query_as(
        "select o.id, coalesce(o.phone_index = c.phone_index, false) as phone, coalesce(o.email_index = c.email_index, false) as email, \
           array(select distinct i.channel_kind from contact_identities i where i.org_id = $1 and i.contact_id = o.id order by 1) as channels \
         from contacts c join contacts o on o.org_id = $1 and o.id <> c.id and (o.phone_index = c.phone_index or o.email_index = c.email_index) \
         where c.org_id = $1 and c.id = $2 and c.merged_into is null and o.merged_into is null and o.erased_at is null \
           and not exists (select 1 from contact_identities a join contact_identities b on b.org_id = $1 and b.channel_id = a.channel_id \
             where a.org_id = $1 and a.contact_id = c.id and b.contact_id = o.id) \
         order by o.seen_at desc, o.id limit 20",
    )
    .bind(by.org())
    .bind(id)
    .fetch_all(tx.conn())
    .await?;
    let ids: Vec<ContactId> = rows.iter().map(|row| row.id).collect();
    let names = cards(&mut tx, &vault, &ids).await?;
    let shown = |row: Row| {
        let because = [("phone", row.phone), ("email", row.email)]
            .into_iter()
            .filter(|(_, same)| *same)
            .map(|(word, _)| word)
            .collect();
        Some(SuggestionOut { contact: row.id, name: names.get(&row.id)?.shown_name(), because, channels: row.channels })
    };
    Ok(Json(SuggestionList { data: rows.into_iter().filter_map(shown).collect() }))
}
