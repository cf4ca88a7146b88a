//! Whether the platform tells us what happens on an account: begun after connecting, ended when it is let go.

use connectors::channel::{Account, Channels, Credentials, Failure, Product};
use connectors::x::subscriptions::EVENTS;
use connectors::{meta, whatsapp};
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use kernel::db::{OrgTx, system};
use kernel::ids::{ChannelId, OrgId};
use kernel::vault::OrgVault;

use crate::channels::token_place;
use crate::core::Core;

/// A connected account with its secrets, for a call.
pub(crate) struct Link {
    pub id: ChannelId,
    pub kind: ChannelKind,
    pub account_id: String,
    pub parent_id: Option<String>,
    pub token: Secret,
    pub token_secret: Option<Secret>,
    pub refresh: Option<Secret>,
}

#[derive(sqlx::FromRow)]
struct Row {
    kind: String,
    account_id: String,
    parent_id: Option<String>,
    token: Option<Vec<u8>>,
    token_secret: Option<Vec<u8>>,
    refresh_token: Option<Vec<u8>>,
}

impl Link {
    /// Opens an account's secrets for a purpose; none when it is not there or was let go.
    pub(crate) async fn open(
        tx: &mut OrgTx,
        vault: &OrgVault,
        id: ChannelId,
        purpose: &'static str,
    ) -> anyhow::Result<Option<Self>> {
        let row: Option<Row> =
            sqlx::query_as("select kind, account_id, parent_id, token, token_secret, refresh_token from channels where org_id = $1 and id = $2")
                .bind(tx.org())
                .bind(id)
                .fetch_optional(tx.conn())
                .await?;
        let Some(row) = row else { return Ok(None) };
        let token = row.token.map(|sealed| vault.open_secret(&token_place(id, "token"), &sealed, id, purpose));
        let Some(token) = token.transpose()? else { return Ok(None) };
        // Parts of the same credential: their use is that of the token.
        let open = |sealed: Option<Vec<u8>>, which: &str| {
            sealed.map(|sealed| vault.open_text(&token_place(id, which), &sealed).map(Secret::new)).transpose()
        };
        Ok(Some(Self {
            id,
            kind: row.kind.parse()?,
            account_id: row.account_id,
            parent_id: row.parent_id,
            token,
            token_secret: open(row.token_secret, "token_secret")?,
            refresh: open(row.refresh_token, "refresh_token")?,
        }))
    }

    /// The account, for a call.
    pub(crate) fn account(&self) -> Account {
        Account {
            channel: self.kind,
            id: self.account_id.clone(),
            product: Product::of_token(self.kind, self.token.reveal()),
        }
    }

    /// What its calls are authorised with.
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials { access_token: self.token.clone(), token_secret: self.token_secret.clone() }
    }

    /// The platform's object that events are subscribed on; accounts may share it.
    fn object(&self) -> &str {
        self.parent_id.as_deref().unwrap_or(&self.account_id)
    }
}

/// Subscribes to an account's events and writes down how that went; the inner error is for a person.
pub(super) async fn subscribe(core: &Core, org: OrgId, link: &Link) -> anyhow::Result<Result<(), String>> {
    let done = begin(core, link).await.map_err(|failure| format!("Its messages do not reach us yet: {failure}"));
    let mut tx = core.kernel.db.begin(org).await?;
    sqlx::query(
        "update channels set subscribed = $3, last_error = $4, last_error_at = case when $3 then null else $5 end \
         where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(link.id)
    .bind(done.is_ok())
    .bind(done.as_ref().err())
    .bind(core.kernel.clock.now())
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(done)
}

async fn begin(core: &Core, link: &Link) -> Result<(), Failure> {
    let calls = core.platforms.calls();
    match link.kind {
        ChannelKind::Whatsapp => whatsapp::account::subscribe(calls.graph(), link.object(), link.token.reveal()).await,
        ChannelKind::X => {
            let address = format!("{}/webhooks/x", core.kernel.config.http.base_url());
            let webhook = calls.x().ensure_webhook(&address).await?;
            for event in EVENTS {
                calls.x().subscribe(&link.credentials(), &link.account_id, event, Some(&webhook.id), "recoup").await?;
            }
            Ok(())
        }
        _ => meta::subscription::subscribe(calls.graph(), &link.account(), &link.credentials()).await,
    }
}

/// Ends the events of an account that was let go, unless another connected account needs them, and gives its tokens back.
/// Best effort: what fails is written on the channel and in the log, by name.
pub(crate) async fn end_events(core: &Core, org: OrgId, link: &Link) -> anyhow::Result<()> {
    let calls = core.platforms.calls();
    let ended =
        if system::object_in_use(&core.kernel.db, link.object()).await? { Ok(()) } else { end(calls, link).await };
    let Err(failure) = ended else { return Ok(()) };
    tracing::warn!(channel = %link.id, kind = %link.kind, error = %failure, "an account was let go, but the platform did not end its events");
    let mut tx = core.kernel.db.begin(org).await?;
    sqlx::query("update channels set last_error = $3, last_error_at = $4 where org_id = $1 and id = $2")
        .bind(org)
        .bind(link.id)
        .bind(format!("The platform did not end its events, they are ignored: {failure}"))
        .bind(core.kernel.clock.now())
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(())
}

async fn end(calls: &Channels, link: &Link) -> Result<(), Failure> {
    match link.kind {
        ChannelKind::Whatsapp => {
            whatsapp::account::unsubscribe(calls.graph(), link.object(), link.token.reveal()).await
        }
        ChannelKind::X => {
            let ours = calls.x().subscriptions().await?;
            for subscription in ours.iter().filter(|one| one.user_id.as_deref() == Some(link.account_id.as_str())) {
                calls.x().unsubscribe(&subscription.id).await?;
            }
            match &link.refresh {
                Some(refresh) => calls.x().revoke(refresh).await,
                None => Ok(()),
            }
        }
        _ => meta::subscription::unsubscribe(calls.graph(), &link.account(), &link.credentials()).await,
    }
}
