//! Connecting what was found and chosen: sealed first, subscribed then.

use kernel::channel::ChannelKind;
use kernel::ids::{ChannelId, OrgId};
use kernel::ledger::Actor;

use super::discover::Candidate;
use super::subscription::{Link, subscribe};
use crate::channels::{NewChannel, connect};
use crate::core::Core;

/// An account that is connected now.
pub(super) struct Joined {
    pub name: String,
    /// Why its events do not come yet; none when they do.
    pub trouble: Option<String>,
}

/// Connects accounts. One whose subscription fails stays connected and says why.
pub(super) async fn join(
    core: &Core,
    org: OrgId,
    by: Actor,
    kind: ChannelKind,
    chosen: &[Candidate],
) -> anyhow::Result<Vec<Joined>> {
    let mut links = Vec::new();
    let vault = core.kernel.vault.of(org).await?;
    let mut tx = core.kernel.db.begin(org).await?;
    for one in chosen {
        let new = NewChannel {
            kind,
            name: one.name.clone(),
            account_id: one.account_id.clone(),
            access_token: one.token(),
            access_token_secret: None,
            refresh_token: one.refresh(),
            expires_at: one.expires_at,
        };
        let id: ChannelId = connect(&mut tx, &vault, &new, by).await?;
        sqlx::query("update channels set parent_id = $3, subscribed = false where org_id = $1 and id = $2")
            .bind(org)
            .bind(id)
            .bind(&one.parent_id)
            .execute(tx.conn())
            .await?;
        links.push(Link {
            id,
            kind,
            account_id: new.account_id,
            parent_id: one.parent_id.clone(),
            token: new.access_token,
            token_secret: None,
            refresh: new.refresh_token,
        });
    }
    tx.commit().await?;
    let mut joined = Vec::new();
    for (link, one) in links.iter().zip(chosen) {
        core.routes.forget(kind, &link.account_id);
        let trouble = subscribe(core, org, link).await?.err();
        joined.push(Joined { name: one.name.clone(), trouble });
    }
    Ok(joined)
}
