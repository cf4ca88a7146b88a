//! The rows of consents under way. Only a keyed fingerprint of the state is kept; what goes with it is sealed.

use chrono::{DateTime, TimeDelta, Utc};
use connectors::x::oauth2;
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use kernel::db::OrgTx;
use kernel::ids::{UserId, uuid_at};
use kernel::ledger::Actor;
use kernel::vault::OrgVault;
use uuid::Uuid;

/// How long a consent may take.
const LASTS: TimeDelta = TimeDelta::minutes(10);
const FIELD: &str = "oauth_states.state";

/// What is kept until the member comes back.
#[derive(Default)]
pub(super) struct Kept {
    /// X's PKCE verifier.
    pub verifier: Option<Secret>,
    /// The accounts to choose among, as JSON.
    pub found: Option<Secret>,
}

/// A consent that was begun.
#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    verifier: Option<Vec<u8>>,
    found: Option<Vec<u8>>,
    user_id: Option<UserId>,
    expires_at: DateTime<Utc>,
}

/// Keeps what belongs to a new state, and gives the state: 256 random bits, seen by the member's browser alone.
pub(super) async fn keep(
    tx: &mut OrgTx,
    vault: &OrgVault,
    kind: ChannelKind,
    by: Actor,
    kept: &Kept,
) -> anyhow::Result<Secret> {
    let now = tx.clock().now();
    let state = oauth2::verifier()?;
    let id = uuid_at(now);
    let seal = |secret: &Option<Secret>, what: &str| {
        secret.as_ref().map(|secret| vault.seal_text(&place(id, what), secret.reveal())).transpose()
    };
    sqlx::query("delete from oauth_states where org_id = $1 and expires_at < $2")
        .bind(tx.org())
        .bind(now)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "insert into oauth_states (org_id, id, kind, state_hash, verifier, found, user_id, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tx.org())
    .bind(id)
    .bind(kind)
    .bind(vault.blind_index(FIELD, state.reveal()))
    .bind(seal(&kept.verifier, "verifier")?)
    .bind(seal(&kept.found, "found")?)
    .bind(user_of(by))
    .bind(now + LASTS)
    .execute(tx.conn())
    .await?;
    Ok(state)
}

/// Burns a state and gives what was kept with it; none when it is unknown here, too old, or another member's.
pub(super) async fn burn(
    tx: &mut OrgTx,
    vault: &OrgVault,
    kind: ChannelKind,
    by: Actor,
    state: &str,
) -> anyhow::Result<Option<Kept>> {
    let row: Option<Row> = sqlx::query_as(
        "delete from oauth_states where org_id = $1 and state_hash = $2 and kind = $3 returning id, verifier, found, user_id, expires_at",
    )
    .bind(tx.org())
    .bind(vault.blind_index(FIELD, state))
    .bind(kind)
    .fetch_optional(tx.conn())
    .await?;
    let Some(Row { id, verifier, found, user_id, expires_at }) = row else { return Ok(None) };
    let theirs = user_id.is_none() || user_id == user_of(by);
    if !theirs || expires_at <= tx.clock().now() {
        return Ok(None);
    }
    let open = |sealed: Option<Vec<u8>>, what: &str| {
        sealed.map(|sealed| vault.open_text(&place(id, what), &sealed).map(Secret::new)).transpose()
    };
    Ok(Some(Kept { verifier: open(verifier, "verifier")?, found: open(found, "found")? }))
}

/// A key may begin a consent too; whoever manages channels then ends it in a browser.
fn user_of(actor: Actor) -> Option<UserId> {
    match actor {
        Actor::User(user) => Some(user),
        _ => None,
    }
}

fn place(id: Uuid, what: &str) -> String {
    format!("oauth_states/{id}/{what}")
}
