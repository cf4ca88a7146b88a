//! Alerts: where they go, and the rows that make each go out once an anomaly and channel.

use chrono::{DateTime, Utc};
use kernel::Kernel;
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::AnomalyId;
use kernel::ledger::{Actor, Event, Fact, Subject};
use kernel::mail::{self, Letter};
use kernel::queue::{Lane, NewJob};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shell::AppError;
use sqlx::FromRow;

use super::deliver::{self, Channel};
use super::{store, words};

/// What the sealed address of a Slack webhook is bound to.
pub(super) const SLACK_PLACE: &str = "alert_settings/slack_url";
/// What the sealed secret of a webhook is bound to.
pub(super) const SECRET_PLACE: &str = "alert_settings/webhook_secret";
/// The most letters of one alert.
const MOST_EMAILS: usize = 20;

/// Where alerts go, as stored.
#[derive(Clone, Debug, Default, FromRow)]
pub(super) struct Stored {
    pub emails: Vec<String>,
    pub slack_url: Option<Vec<u8>>,
    pub webhook_url: Option<String>,
    pub webhook_secret: Option<Vec<u8>>,
}

/// What to change; absent keeps it, empty clears it.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub(crate) struct AlertsPatch {
    /// Addresses, at most 20.
    pub emails: Option<Vec<String>>,
    /// The address of an incoming webhook of Slack. It is not shown again.
    pub slack_url: Option<String>,
    /// An address of yours that alerts are posted to, signed.
    pub webhook_url: Option<String>,
}

/// Where alerts go.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct AlertsOut {
    pub emails: Vec<String>,
    /// Whether Slack is told.
    pub slack: bool,
    pub webhook_url: Option<String>,
    /// The secret that webhooks are signed with: shown once, when the address was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<String>,
}

/// The settings.
pub(super) async fn load(tx: &mut OrgTx) -> Result<Stored, sqlx::Error> {
    let row =
        sqlx::query_as("select emails, slack_url, webhook_url, webhook_secret from alert_settings where org_id = $1")
            .bind(tx.org())
            .fetch_optional(tx.conn())
            .await?;
    Ok(row.unwrap_or_default())
}

impl From<&Stored> for AlertsOut {
    fn from(stored: &Stored) -> Self {
        Self {
            emails: stored.emails.clone(),
            slack: stored.slack_url.is_some(),
            webhook_url: stored.webhook_url.clone(),
            webhook_secret: None,
        }
    }
}

/// Changes where alerts go. A new webhook address gets a new secret, which the answer shows once.
pub(super) async fn change(
    tx: &mut OrgTx,
    kernel: &Kernel,
    by: Actor,
    patch: AlertsPatch,
) -> Result<AlertsOut, AppError> {
    let AlertsPatch { emails, slack_url, webhook_url } = patch;
    let before = load(tx).await?;
    let mut after = before.clone();
    let vault = kernel.vault.of(tx.org()).await?;
    if let Some(emails) = emails {
        after.emails = addresses(emails)?;
    }
    if let Some(url) = slack_url {
        after.slack_url = match address("slack_url", &url)? {
            Some(url) => Some(vault.seal_text(SLACK_PLACE, &url)?),
            None => None,
        };
    }
    let mut secret = None;
    if let Some(url) = webhook_url {
        after.webhook_url = address("webhook_url", &url)?;
        if after.webhook_url.is_none() {
            after.webhook_secret = None;
        } else if after.webhook_url != before.webhook_url {
            let made = new_secret()?;
            after.webhook_secret = Some(vault.seal_text(SECRET_PLACE, &made)?);
            secret = Some(made);
        }
    }
    save(tx, &after).await?;
    let told = |stored: &Stored| json!({ "emails": stored.emails.len(), "slack": stored.slack_url.is_some(), "webhook_url": stored.webhook_url });
    tx.append(Event::new(Subject::Org(tx.org()), by, Fact::SettingsChanged { group: "alerts".to_owned() }));
    let entry = AuditEntry::new(by, "settings.changed").about("alerts").change(told(&before), told(&after));
    audit::record(tx, entry).await?;
    Ok(AlertsOut { webhook_secret: secret, ..AlertsOut::from(&after) })
}

async fn save(tx: &mut OrgTx, stored: &Stored) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into alert_settings (org_id, emails, slack_url, webhook_url, webhook_secret, updated_at) values ($1, $2, $3, $4, $5, $6) \
         on conflict (org_id) do update set emails = excluded.emails, slack_url = excluded.slack_url, \
           webhook_url = excluded.webhook_url, webhook_secret = excluded.webhook_secret, updated_at = excluded.updated_at",
    )
    .bind(tx.org())
    .bind(&stored.emails)
    .bind(&stored.slack_url)
    .bind(&stored.webhook_url)
    .bind(&stored.webhook_secret)
    .bind(tx.clock().now())
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn addresses(given: Vec<String>) -> Result<Vec<String>, AppError> {
    let mut all: Vec<String> =
        given.into_iter().map(|one| one.trim().to_lowercase()).filter(|one| !one.is_empty()).collect();
    all.sort();
    all.dedup();
    if all.len() > MOST_EMAILS {
        return Err(AppError::field("emails", format!("are at most {MOST_EMAILS}")));
    }
    if all.iter().any(|one| Letter::new(one.clone(), "Alert").say("-").check().is_err()) {
        return Err(AppError::field("emails", "holds something that is not an email address"));
    }
    Ok(all)
}

/// An address on the web; none when it is empty.
fn address(field: &'static str, given: &str) -> Result<Option<String>, AppError> {
    let given = given.trim();
    if given.is_empty() {
        return Ok(None);
    }
    if given.len() > 2_000 || !given.starts_with("https://") {
        return Err(AppError::field(field, "must be an address that begins with https://"));
    }
    Ok(Some(given.to_owned()))
}

fn new_secret() -> Result<String, AppError> {
    let mut bytes = [0; 24];
    SystemRandom::new().fill(&mut bytes).map_err(|_| AppError::internal(anyhow::anyhow!("no randomness")))?;
    Ok(bytes.iter().fold("whsec_".to_owned(), |text, byte| format!("{text}{byte:02x}")))
}

/// Tells of new anomalies where the organisation wants to hear of them: letters are queued here, the rest is left to jobs. Each
/// anomaly and channel has one row, so that telling again tells nothing.
pub(super) async fn tell(tx: &mut OrgTx, kernel: &Kernel, new: &[AnomalyId], now: DateTime<Utc>) -> anyhow::Result<()> {
    let settings = load(tx).await?;
    for id in new {
        let Some(anomaly) = store::one(tx, *id).await?.filter(|anomaly| anomaly.state == "open") else { continue };
        if !settings.emails.is_empty() && kernel.config.mail.is_set() && claim(tx, *id, Channel::Email, now).await? {
            let currency = crate::settings::Rules::load(tx).await?.whole.settings.currency;
            let link = format!("{}/revenue/anomalies/{id}", kernel.config.http.base_url());
            for address in &settings.emails {
                let letter = Letter::new(address.clone(), words::headline(&anomaly))
                    .say(&words::sentence(&anomaly, currency.code()))
                    .link("See what stands behind it", &link);
                mail::post(tx, &kernel.vault, &letter).await?;
            }
        }
        for (channel, wanted) in
            [(Channel::Slack, settings.slack_url.is_some()), (Channel::Webhook, settings.webhook_url.is_some())]
        {
            if wanted && claim(tx, *id, channel, now).await? {
                let alert = deliver::Alert { anomaly: *id, channel };
                tx.enqueue(NewJob::new(Lane::WebhookOut, deliver::KIND, &alert));
            }
        }
    }
    Ok(())
}

/// Notes that an anomaly is told on a channel; false when it was before.
async fn claim(tx: &mut OrgTx, id: AnomalyId, channel: Channel, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let state = if channel == Channel::Email { "sent" } else { "queued" };
    let done = sqlx::query(
        "insert into anomaly_alerts (org_id, anomaly_id, channel, state, at) values ($1, $2, $3, $4, $5) on conflict do nothing",
    )
    .bind(tx.org())
    .bind(id)
    .bind(channel.as_str())
    .bind(state)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}
