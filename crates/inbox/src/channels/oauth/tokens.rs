//! Tokens that end are renewed before they do: X's after two hours, Instagram Login's after sixty days.
//!
//! X's refresh token is used up by the call: the new pair is stored before anything else happens.

use chrono::{DateTime, TimeDelta, Utc};
use connectors::channel::oauth::Tokens;
use connectors::channel::{Failure, Product};
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use kernel::ids::{ChannelId, OrgId};

use super::subscription::Link;
use crate::channels::{mark_failing, token_place};
use crate::core::Core;

/// An access token of X is renewed when it has less than this left of its two hours.
const X_LEFT: TimeDelta = TimeDelta::minutes(30);
/// One of Instagram when it has less than this left of its sixty days.
const INSTAGRAM_LEFT: TimeDelta = TimeDelta::days(10);

/// Renews what ends soon in one organisation; gives how many were renewed. One that cannot be renewed does not keep the others.
pub(crate) async fn renew(core: &Core, org: OrgId) -> anyhow::Result<usize> {
    let now = core.kernel.clock.now();
    let vault = core.kernel.vault.of(org).await?;
    let mut tx = core.kernel.db.begin(org).await?;
    let due: Vec<ChannelId> = sqlx::query_scalar(
        "select id from channels where org_id = $1 and status = 'connected' and token_expires_at is not null \
         and ((kind = 'x' and refresh_token is not null and token_expires_at < $2) or (kind = 'instagram' and token_expires_at < $3)) \
         order by token_expires_at",
    )
    .bind(org)
    .bind(now + X_LEFT)
    .bind(now + INSTAGRAM_LEFT)
    .fetch_all(tx.conn())
    .await?;
    let mut links = Vec::new();
    for id in due {
        links.extend(Link::open(&mut tx, &vault, id, "renew").await?);
    }
    drop(tx);
    let mut renewed = 0;
    for link in &links {
        match call(core, link).await {
            Some(Ok(tokens)) => {
                store(core, org, link, &tokens, now).await?;
                renewed += 1;
            }
            Some(Err(failure)) => give_notice(core, org, link, &failure).await?,
            None => {}
        }
    }
    Ok(renewed)
}

/// Asks the platform; none where a token of this kind is not renewed.
async fn call(core: &Core, link: &Link) -> Option<Result<Tokens, Failure>> {
    let calls = core.platforms.calls();
    match (link.kind, &link.refresh) {
        (ChannelKind::X, Some(refresh)) => Some(calls.x().refresh(refresh).await),
        (ChannelKind::Instagram, _) if Product::of_token(link.kind, link.token.reveal()) == Product::InstagramLogin => {
            Some(calls.graph().refresh_instagram(&link.token).await)
        }
        _ => None,
    }
}

async fn store(core: &Core, org: OrgId, link: &Link, tokens: &Tokens, now: DateTime<Utc>) -> anyhow::Result<()> {
    let vault = core.kernel.vault.of(org).await?;
    let seal = |secret: &Secret, which: &str| vault.seal_text(&token_place(link.id, which), secret.reveal());
    let refresh = tokens.refresh.as_ref().map(|secret| seal(secret, "refresh_token")).transpose()?;
    let mut tx = core.kernel.db.begin(org).await?;
    // Meanwhile it may have been let go: its tokens stay destroyed then.
    sqlx::query(
        "update channels set token = $3, refresh_token = coalesce($4, refresh_token), token_expires_at = $5 \
         where org_id = $1 and id = $2 and status <> 'disconnected'",
    )
    .bind(org)
    .bind(link.id)
    .bind(seal(&tokens.access, "token")?)
    .bind(refresh)
    .bind(tokens.expires_in.map(|lasts| now + lasts))
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(())
}

/// A refusal will not pass by itself: the account waits for a person. Anything else is tried again with the next run.
async fn give_notice(core: &Core, org: OrgId, link: &Link, failure: &Failure) -> anyhow::Result<()> {
    tracing::warn!(channel = %link.id, kind = %link.kind, error = %failure, "a token could not be renewed");
    let (Failure::Refused { code, message, .. } | Failure::Reauthorise { code, message }) = failure else {
        return Ok(());
    };
    let mut tx = core.kernel.db.begin(org).await?;
    let detail = format!("The authorisation could not be renewed ({message}); connect the account again.");
    mark_failing(&mut tx, link.id, link.kind, code, &detail).await?;
    tx.commit().await?;
    Ok(())
}
