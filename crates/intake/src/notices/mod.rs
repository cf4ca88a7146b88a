//! `POST /webhooks/sources/{kind}/{token}`: signed notices of the systems that are connected.
//!
//! The token names the connection, the connection's own secret proves the sender. Records that come along are signals at once;
//! where a notice only says that something changed, its streams are read again. Rules a newcomer would break: an event, its
//! signals and the run that it asks for are one transaction; what nobody signed is never kept; a notice is a hint, and what is
//! lost of it the clock reads. Pushes of Google, which name an account instead of an address, are in [`push`].

pub(crate) mod address;
mod check;
pub(crate) mod push;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use connectors::signal::Signal;
use connectors::source::Rejection;
use kernel::db::{OrgTx, system};
use kernel::ids::{ConnectionId, OrgId};
use kernel::vault::OrgVault;
use serde::Serialize;
use serde_json::Value;
use shell::{App, AppError};

use self::check::{Checked, Sent, Unfit};
use crate::connections::secrets::{Secrets, door};
use crate::connections::store::{self, Connection};
use crate::core::Core;
use crate::kinds::Kind;
use crate::rejects::Reject;
use crate::runs::wake;
use crate::{sources, webhook};

/// What became of a notice.
#[derive(Debug, Default, Serialize)]
struct Taken {
    new: u64,
    corrected: u64,
    unchanged: u64,
    /// Records that gave no signal; they are kept with their reasons.
    rejected: usize,
    /// Streams that are read again.
    woken: Vec<String>,
    /// It came before; nothing was done.
    repeated: bool,
    /// The connection is paused; nothing was kept, and the next reading catches up.
    paused: bool,
}

/// Takes a notice.
pub(crate) async fn receive(
    State(app): State<App>,
    State(core): State<Core>,
    Path((kind, token)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AppError> {
    let kind = Kind::named(&kind).filter(|kind| kind.gives_notice() && *kind != Kind::Callrail);
    take(&app, &core, kind, &token, None, &headers, &body).await
}

/// Takes a notice of CallRail, which does not say what happened but by its address.
pub(crate) async fn receive_event(
    State(app): State<App>,
    State(core): State<Core>,
    Path((token, event)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AppError> {
    let kind = check::event(&event).map(|_| Kind::Callrail);
    take(&app, &core, kind, &token, Some(&event), &headers, &body).await
}

async fn take(
    app: &App,
    core: &Core,
    kind: Option<Kind>,
    token: &str,
    event: Option<&str>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, AppError> {
    let unknown = || AppError::not_found("address of notices");
    let kind = kind.ok_or_else(unknown)?;
    let (org, id) = system::door_of(&core.kernel.db, &door(token)).await?.ok_or_else(unknown)?;
    let mut tx = core.kernel.db.begin(org).await?;
    let connection = store::find(&mut tx, id).await?.filter(|one| one.kind == kind).ok_or_else(unknown)?;
    drop(tx);
    let vault = core.kernel.vault.of(org).await?;
    let secrets = Secrets::open(&vault, &connection, "notice").map_err(AppError::internal)?;
    let url = address::url(&app.settings().public_url, kind, token, event);
    let sent = Sent { kind, event, url: &url, headers, body, now: core.kernel.clock.now() };
    let checked = match sent.check(&secrets.signing()) {
        Ok(checked) => checked,
        Err(Unfit::Unsigned(why)) => {
            doubt(core, org, id, &why).await?;
            return Err(AppError::unauthenticated(format!("{why}; nothing was kept")));
        }
        Err(Unfit::Unreadable(why)) => {
            unreadable(core, org, &vault, id, &sent, &why).await?;
            return Err(AppError::unprocessable(format!("{why}; the body was kept with this reason")));
        }
    };
    if connection.state == "paused" {
        // Refusing it would make some systems give the address up for good.
        return Ok(Json(Taken { paused: true, ..Taken::default() }).into_response());
    }
    Ok(Json(land(core, org, &vault, &connection, checked).await?).into_response())
}

/// Says on the connection's page that somebody came whose signature does not fit.
async fn doubt(core: &Core, org: OrgId, id: ConnectionId, why: &str) -> Result<(), AppError> {
    let error = format!(
        "A notice was refused ({why}); nothing of it was kept, and what it told is read by the clock. Enter the signing secret that \
         the system shows for this address."
    );
    let mut tx = core.kernel.db.begin(org).await?;
    store::said(&mut tx, id, &error).await?;
    Ok(tx.commit().await?)
}

/// Keeps a body that is the system's own and that nobody can read; once, however often it comes.
async fn unreadable(
    core: &Core,
    org: OrgId,
    vault: &OrgVault,
    id: ConnectionId,
    sent: &Sent<'_>,
    why: &str,
) -> Result<(), AppError> {
    let mut tx = core.kernel.db.begin(org).await?;
    if is_new(&mut tx, id, sent.events()).await? {
        webhook::keep(&mut tx, vault, id, why, sent.body).await?;
        store::said(&mut tx, id, "A notice could not be read; it is kept with its reason.").await?;
    }
    Ok(tx.commit().await?)
}

/// Whether an event is here for the first time; notes it.
async fn is_new(tx: &mut OrgTx, id: ConnectionId, events: Vec<Vec<u8>>) -> Result<bool, sqlx::Error> {
    let now = tx.clock().now();
    let noted = sqlx::query(
        "insert into intake_notices (org_id, connection_id, digest, at) \
         select $1, $2, n.digest, $4 from unnest($3::bytea[]) as n (digest) order by n.digest on conflict do nothing",
    )
    .bind(tx.org())
    .bind(id)
    .bind(events)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(noted.rows_affected() > 0)
}

/// What the records of a notice say, and what gave no signal.
struct Mapped {
    signals: Vec<Signal>,
    /// Which record each signal is of.
    origins: Vec<usize>,
    rejects: Vec<Reject>,
}

async fn map(
    core: &Core,
    org: OrgId,
    connection: &Connection,
    records: &[(String, Value)],
) -> Result<Mapped, AppError> {
    let mut mapped = Mapped { signals: Vec::new(), origins: Vec::new(), rejects: Vec::new() };
    if records.is_empty() {
        return Ok(mapped);
    }
    let source = sources::open(core, org, connection, "notice").await;
    let source =
        source.map_err(|error| AppError::unavailable(format!("{error}; nothing was kept, send it again later")))?;
    for (place, (stream, record)) in records.iter().enumerate() {
        match source.map(stream, record) {
            Ok(made) => {
                mapped.origins.extend(std::iter::repeat_n(place, made.len()));
                mapped.signals.extend(made);
            }
            Err(rejection) => mapped.rejects.push(Reject::of_record(place as u64 + 1, record, rejection)),
        }
    }
    Ok(mapped)
}

async fn land(
    core: &Core,
    org: OrgId,
    vault: &OrgVault,
    connection: &Connection,
    checked: Checked,
) -> Result<Taken, AppError> {
    let Checked { notice, events } = checked;
    let Mapped { signals, origins, mut rejects } = map(core, org, connection, &notice.records).await?;
    let mut tx = core.kernel.db.begin(org).await?;
    if !is_new(&mut tx, connection.id, events).await? {
        return Ok(Taken { repeated: true, ..Taken::default() });
    }
    let mut taken = Taken::default();
    if !signals.is_empty() {
        let landed = core.landing.land(&mut tx, signals).await?;
        (taken.new, taken.corrected, taken.unchanged) = (landed.new, landed.corrected, landed.unchanged);
        for (place, reason) in landed.rejected {
            if let Some((record, (_, told))) =
                origins.get(place).and_then(|&record| Some((record, notice.records.get(record)?)))
            {
                rejects.push(Reject::of_record(record as u64 + 1, told, Rejection { field: None, reason }));
            }
        }
    }
    for reject in &rejects {
        webhook::keep(&mut tx, vault, connection.id, &reject.why(), reject.cells.concat().as_bytes()).await?;
    }
    taken.rejected = rejects.len();
    if taken.rejected > 0 {
        store::said(&mut tx, connection.id, "A record of a notice gave no signal; it is kept with its reason.").await?;
    }
    // Without a permission nothing can be read; the reading after the next consent catches up.
    if !notice.wake.is_empty() && connection.state != "reconnect" {
        wake::wake(&mut tx, connection.id, &notice.wake).await?;
        taken.woken = notice.wake;
    }
    tx.commit().await?;
    Ok(taken)
}
