//! Tables that come as files over SFTP: fetched from a customer's server, or dropped in a folder of ours.
//!
//! A file that was there before, by name, size and content, is not read again. It is read by the connection's saved mapping; where
//! there is none and the file leaves questions, it waits on the connection's page.

mod fetch;
mod host;

use kernel::db::OrgTx;
use kernel::ids::{ConnectionId, OrgId};
use kernel::ledger::Actor;
use serde_json::Value;
use shell::AppError;

use crate::connections::store::{self, Connection};
use crate::core::Core;
use crate::csv::mapping::{Answers, Mapping};
use crate::files::upload::{Spooled, register};
use crate::files::{self, start};

pub(crate) use fetch::{check, poll};
pub(crate) use host::{serve, serve_on};

fn text<'a>(settings: &'a Value, name: &str) -> &'a str {
    settings[name].as_str().unwrap_or_default().trim()
}

/// A file is here whole: it is read by the connection's mapping, unless it was here before. That it was here is noted last: where
/// this breaks off the file comes again, and reading it twice changes nothing.
async fn arrived(core: &Core, org: OrgId, connection: &Connection, spooled: Spooled) -> anyhow::Result<()> {
    if was_here(core, org, connection.id, &spooled).await? {
        files::forget(core, org, spooled.id).await;
        return Ok(());
    }
    let (answers, saved) = match layout(&connection.settings) {
        Ok(layout) => layout,
        Err(error) => {
            files::forget(core, org, spooled.id).await;
            let why = format!(
                "{} was not kept: the mapping in the connection's settings cannot be read ({error}); mend it and send the file again",
                spooled.name
            );
            let mut tx = core.kernel.db.begin(org).await?;
            store::ended(&mut tx, connection.id, Some(&why), "failing").await?;
            tx.commit().await?;
            return Err(error.into());
        }
    };
    let read = read(core, org, connection, &spooled, saved, &answers).await;
    let mut tx = core.kernel.db.begin(org).await?;
    match read {
        Ok(()) => store::ended(&mut tx, connection.id, None, "connected").await?,
        Err(AppError::Internal(error)) => return Err(error),
        Err(error) => {
            let details: Vec<String> =
                error.details().iter().map(|detail| format!("{}: {}", detail.field, detail.reason)).collect();
            let why = format!("{} was kept and not read: {error} {}", spooled.name, details.join(" "));
            store::ended(&mut tx, connection.id, Some(&why), "failing").await?;
        }
    }
    note(&mut tx, connection.id, &spooled).await?;
    Ok(tx.commit().await?)
}

/// How a connection's files are read: the answers, and the mapping where one was saved.
fn layout(settings: &Value) -> serde_json::Result<(Answers, Option<Mapping>)> {
    let kept = |name: &str| settings.get(name).filter(|value| !value.is_null()).cloned();
    let answers = kept("answers").map(serde_json::from_value).transpose()?.unwrap_or_default();
    let mapping = kept("mapping").map(serde_json::from_value).transpose()?;
    Ok((answers, mapping))
}

async fn read(
    core: &Core,
    org: OrgId,
    connection: &Connection,
    spooled: &Spooled,
    saved: Option<Mapping>,
    answers: &Answers,
) -> Result<(), AppError> {
    let by = Actor::System;
    let (seen, preview) = register(core, org, spooled, Some(connection.id), answers, by.to_string()).await?;
    let mapping = saved.unwrap_or(preview.mapping);
    let mut tx = core.kernel.db.begin(org).await?;
    let zone = files::store::zone(&mut tx).await?;
    start::check(&seen, &mapping, answers, zone)?;
    let file = files::store::find(&mut tx, spooled.id).await?.ok_or_else(|| AppError::not_found("file"))?;
    start::start(&mut tx, &file, &mapping, answers, false, by).await?;
    Ok(tx.commit().await?)
}

/// Whether a file was here before.
async fn was_here(core: &Core, org: OrgId, id: ConnectionId, spooled: &Spooled) -> anyhow::Result<bool> {
    let mut tx = core.kernel.db.begin(org).await?;
    let here = sqlx::query_scalar(
        "select exists (select from intake_seen where org_id = $1 and connection_id = $2 and name = $3 and bytes = $4 \
           and digest = $5)",
    )
    .bind(org)
    .bind(id)
    .bind(&spooled.name)
    .bind(spooled.bytes as i64)
    .bind(&spooled.digest)
    .fetch_one(tx.conn())
    .await?;
    Ok(here)
}

/// Notes that a file was here.
async fn note(tx: &mut OrgTx, id: ConnectionId, spooled: &Spooled) -> Result<(), sqlx::Error> {
    let now = tx.clock().now();
    sqlx::query(
        "insert into intake_seen (org_id, connection_id, name, bytes, digest, at) values ($1, $2, $3, $4, $5, $6) \
         on conflict do nothing",
    )
    .bind(tx.org())
    .bind(id)
    .bind(&spooled.name)
    .bind(spooled.bytes as i64)
    .bind(&spooled.digest)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}
