//! `GET /v2/audit-log`.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use kernel::ids::AuditId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shell::auth::permission::ManagePeople;
use shell::{Allowed, AppError, Json, Listed, Page, PageParams, Query};
use utoipa::{IntoParams, ToSchema};

use crate::store::log::{self, Entry, Wanted};

/// A row of the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryOut {
    id: AuditId,
    /// Its place in the chain, from 1 without gaps.
    seq: i64,
    at: DateTime<Utc>,
    /// A user, a key, `bot` or `system`.
    #[schema(example = "user_01h455vb4pex5vsknk084sn02q")]
    actor: String,
    /// The actor's name, while they are a member.
    actor_name: Option<String>,
    #[schema(example = "member.role_changed")]
    action: String,
    /// What it was done to.
    subject: String,
    /// What else is known, such as `{"from":"agent","to":"admin"}`.
    #[schema(value_type = Object)]
    detail: Box<RawValue>,
    /// The client's address; empty when unknown.
    ip: String,
    /// What the client said it is; empty when unknown.
    device: String,
    /// The state before, as far as it was changed; absent when the action changes no state.
    #[schema(value_type = Option<Object>)]
    before: Option<Box<RawValue>>,
    /// The state after, likewise.
    #[schema(value_type = Option<Object>)]
    after: Option<Box<RawValue>>,
    /// What the hash covers; rows of version 1 know no device and no states.
    version: i16,
    /// SHA-256 over the row and the hash before it, hexadecimal.
    hash: String,
}

impl TryFrom<Entry> for EntryOut {
    type Error = AppError;

    fn try_from(entry: Entry) -> Result<Self, AppError> {
        let Entry { id, seq, at, actor, actor_name, action, subject, detail, ip, device, before, after, version, hash } =
            entry;
        let detail = RawValue::from_string(detail).map_err(AppError::internal)?;
        let (before, after, hash) = (state(before)?, state(after)?, hex::encode(hash));
        Ok(Self { id, seq, at, actor, actor_name, action, subject, detail, ip, device, before, after, version, hash })
    }
}

fn state(text: String) -> Result<Option<Box<RawValue>>, AppError> {
    if text.is_empty() {
        return Ok(None);
    }
    RawValue::from_string(text).map(Some).map_err(AppError::internal)
}

/// Which rows of the audit log to show.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// An action, or its beginning up to a dot: `member` finds `member.removed`.
    #[serde(default)]
    pub(crate) action: String,
    /// Who did it.
    #[serde(default)]
    pub(crate) actor: String,
    /// The client's address.
    #[param(value_type = Option<String>)]
    pub(crate) ip: Option<IpAddr>,
    /// What it was done to: an id, or the name of a group of settings.
    #[serde(default)]
    pub(crate) subject: String,
    /// From this instant on.
    pub(crate) from: Option<DateTime<Utc>>,
    /// Before this instant.
    pub(crate) to: Option<DateTime<Utc>>,
}

impl Filter {
    /// The filter in words, as it was asked; empty for everything.
    pub(crate) fn told(&self) -> String {
        let Self { action, actor, ip, subject, from, to } = self;
        let text = |name: &str, text: &str| Some(format!("{name}={text}")).filter(|_| !text.is_empty());
        let parts = [
            text("action", action),
            text("actor", actor),
            ip.map(|ip| format!("ip={ip}")),
            text("subject", subject),
            from.map(|from| format!("from={}", from.to_rfc3339())),
            to.map(|to| format!("to={}", to.to_rfc3339())),
        ];
        // The file's statement is a text of lines.
        let told: Vec<String> = parts.into_iter().flatten().map(|part| part.replace('\n', " ")).collect();
        told.join("&")
    }

    pub(crate) fn wanted(self) -> Wanted {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let Self { action, actor, ip, subject, from, to } = self;
        Wanted { action: some(action), actor: some(actor), ip, subject: some(subject), from, to }
    }
}

/// List the audit log, newest first.
#[utoipa::path(get, path = "/v2/audit-log", tag = "audit log", params(PageParams, Filter), responses((status = 200, body = Listed<EntryOut>)))]
pub(crate) async fn get(
    by: Allowed<ManagePeople>,
    page: Page<i64>,
    Query(filter): Query<Filter>,
) -> Result<Json<Listed<EntryOut>>, AppError> {
    let mut tx = by.tx().await?;
    let rows = log::list(&mut tx, &filter.wanted(), page.after, page.fetch()).await?;
    let Listed { data, next_cursor } = Listed::new(&page, rows, |entry| entry.seq)?;
    let data = data.into_iter().map(EntryOut::try_from).collect::<Result<_, _>>()?;
    Ok(Json(Listed { data, next_cursor }))
}
