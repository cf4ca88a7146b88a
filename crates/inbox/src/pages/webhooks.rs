//! `/settings/webhooks`: where each platform delivers to, whether it could prove itself, and what came lately.

use askama::Template;
use axum::response::Html;
use chrono::{DateTime, Utc};
use kernel::channel::ChannelKind;
use kernel::config::{ConnectorsConfig, Secret};
use kernel::db::OrgTx;
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Frame, show};

use super::channel_name;

/// How many of the latest deliveries are counted.
const LATEST: i64 = 1_000;

#[derive(Template)]
#[template(path = "channels/webhooks.html")]
struct WebhooksPage {
    frame: Frame,
    receivers: Vec<Receiver>,
}

/// One platform's address here.
struct Receiver {
    kind: &'static str,
    name: &'static str,
    url: String,
    /// What still has to be configured, in the words of the environment.
    missing: Vec<&'static str>,
    /// How the platform is told that the address is ours.
    proof: &'static str,
    last_at: Option<DateTime<Utc>>,
    counts: Vec<Count>,
}

struct Count {
    word: &'static str,
    count: i64,
}

#[derive(sqlx::FromRow)]
struct Latest {
    kind: String,
    outcome: Option<String>,
    count: i64,
    newest: DateTime<Utc>,
}

pub(super) async fn page(by: Allowed<ManageChannels>) -> Result<Html<String>, AppError> {
    let config = &by.kernel().config;
    let base = config.http.base_url();
    let latest = latest(&mut by.tx().await?).await?;
    let receivers = [ChannelKind::Facebook, ChannelKind::Instagram, ChannelKind::Whatsapp, ChannelKind::X];
    let receivers = receivers.into_iter().map(|kind| receiver(kind, &base, &config.connectors, &latest)).collect();
    show(&WebhooksPage { frame: by.frame("Webhooks"), receivers })
}

/// What the latest deliveries were, by platform.
async fn latest(tx: &mut OrgTx) -> Result<Vec<Latest>, sqlx::Error> {
    sqlx::query_as(
        "with latest as (select channel_id, outcome, received_at from receipts where org_id = $1 order by id desc limit $2) \
         select c.kind, l.outcome, count(*) as count, max(l.received_at) as newest \
         from latest l join channels c on c.org_id = $1 and c.id = l.channel_id group by c.kind, l.outcome",
    )
    .bind(tx.org())
    .bind(LATEST)
    .fetch_all(tx.conn())
    .await
}

fn receiver(kind: ChannelKind, base: &str, config: &ConnectorsConfig, latest: &[Latest]) -> Receiver {
    let ours = || latest.iter().filter(|row| row.kind == kind.as_str());
    let mut counts: Vec<Count> =
        ours().map(|row| Count { word: word(row.outcome.as_deref()), count: row.count }).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.count));
    Receiver {
        kind: kind.as_str(),
        name: channel_name(kind.as_str()),
        url: format!("{base}/webhooks/{}", kind.as_str()),
        missing: missing(kind, config),
        proof: if kind == ChannelKind::X {
            "X sends a challenge that is answered with your consumer secret."
        } else {
            "Meta asks for the verify token once, when you enter this address in your app."
        },
        last_at: ours().map(|row| row.newest).max(),
        counts,
    }
}

/// Settings without which a platform's deliveries are refused.
fn missing(kind: ChannelKind, config: &ConnectorsConfig) -> Vec<&'static str> {
    let wanted: &[(&Secret, &'static str)] = if kind == ChannelKind::X {
        &[(&config.x.consumer_secret, "RECOUP__CONNECTORS__X__CONSUMER_SECRET")]
    } else {
        &[
            (&config.meta.app_secret, "RECOUP__CONNECTORS__META__APP_SECRET"),
            (&config.meta.verify_token, "RECOUP__CONNECTORS__META__VERIFY_TOKEN"),
        ]
    };
    wanted.iter().filter(|(secret, _)| secret.is_empty()).map(|(_, name)| *name).collect()
}

/// What became of a delivery, for people.
fn word(outcome: Option<&str>) -> &'static str {
    match outcome {
        Some("message") => "messages",
        Some("echo") => "echoes of ours",
        Some("status") => "delivery states",
        Some("mark") => "reactions and edits",
        Some("unparsable") => "unreadable, kept",
        Some(_) => "of other kinds, kept",
        None => "waiting",
    }
}
