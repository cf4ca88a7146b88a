//! Handing an alert to Slack or to a webhook: marked before the call, settled after it.
//!
//! A webhook carries the alert's id, by which its receiver knows a second one, so that it is sent again after a crash. Slack
//! knows no such id: what was under way when something died stays unknown and is not sent twice.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use kernel::Kernel;
use kernel::config::Secret;
use kernel::db::OrgTx;
use kernel::http::header::HeaderName;
use kernel::http::{HttpError, Method, Response};
use kernel::ids::{AnomalyId, LocationId};
use kernel::queue::{Handler, Job, JobError};
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::alerts::{self, SECRET_PLACE, SLACK_PLACE};
use super::{store, words};
use crate::settings::Rules;

/// The kind of the jobs.
pub(super) const KIND: &str = "revenue.alert";

/// Where an alert goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Channel {
    /// Letters.
    Email,
    /// An incoming webhook of Slack.
    Slack,
    /// An address of the organisation's own.
    Webhook,
}

impl Channel {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Slack => "slack",
            Self::Webhook => "webhook",
        }
    }
}

/// An alert to hand over.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Alert {
    pub anomaly: AnomalyId,
    pub channel: Channel,
}

/// Hands alerts over.
pub struct Deliver {
    kernel: Kernel,
}

impl Deliver {
    /// The handler.
    pub fn new(kernel: Kernel) -> Self {
        Self { kernel }
    }
}

/// What is posted, and where.
struct Parcel {
    url: String,
    body: Value,
    secret: Option<Secret>,
}

#[async_trait]
impl Handler for Deliver {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let alert: Alert = job.parse()?;
        let Some(parcel) = self.prepare(job, &alert).await? else { return Ok(()) };
        let result = self.post(&alert, &parcel).await;
        self.settle(job, &alert, result).await
    }
}

impl Deliver {
    /// Marks the alert as under way; none when nothing is to be sent any more.
    async fn prepare(&self, job: &Job, alert: &Alert) -> Result<Option<Parcel>, JobError> {
        let mut tx = self.kernel.db.begin(job.org).await?;
        let state = state(&mut tx, alert).await?;
        let settings = alerts::load(&mut tx).await?;
        let anomaly = store::one(&mut tx, alert.anomaly).await?;
        let (Some(state), Some(anomaly)) = (state, anomaly) else { return Ok(None) };
        let is_lost = state == "sending" && alert.channel == Channel::Slack;
        if is_lost {
            set_state(&mut tx, alert, "unknown", Some("it was under way when the process ended")).await?;
            tx.finish(job);
            tx.commit().await?;
            return Ok(None);
        }
        if state != "queued" && state != "sending" {
            return Ok(None);
        }
        let vault = self.kernel.vault.of(job.org).await.map_err(JobError::retry)?;
        let open = |place: &str, sealed: &[u8]| {
            vault.open_secret(place, sealed, job.org, "tell of an anomaly").map_err(JobError::give_up)
        };
        let currency = Rules::load(&mut tx).await?.whole.settings.currency;
        let link = format!("{}/revenue/anomalies/{}", self.kernel.config.http.base_url(), alert.anomaly);
        let said = words::sentence(&anomaly, currency.code());
        let parcel = match alert.channel {
            Channel::Email => None,
            Channel::Slack => match &settings.slack_url {
                Some(sealed) => Some(Parcel {
                    url: open(SLACK_PLACE, sealed)?.reveal().to_owned(),
                    body: json!({ "text": format!("{said}\n<{link}|See what stands behind it>") }),
                    secret: None,
                }),
                None => None,
            },
            Channel::Webhook => match (settings.webhook_url, &settings.webhook_secret) {
                (Some(url), Some(sealed)) => {
                    let body = json!({ "type": "anomaly.found", "id": alert.anomaly, "text": said, "link": link,
                        "data": { "metric": anomaly.metric, "location_id": Some(anomaly.location_id).filter(|id| !id.is_nil()).map(LocationId::from_uuid),
                            "day": anomaly.day, "value": anomaly.value, "expected": anomaly.expected, "low": anomaly.low,
                            "high": anomaly.high, "z": anomaly.z } });
                    Some(Parcel { url, body, secret: Some(open(SECRET_PLACE, sealed)?) })
                }
                _ => None,
            },
        };
        let now_is = if parcel.is_some() { "sending" } else { "failed" };
        set_state(&mut tx, alert, now_is, parcel.is_none().then_some("the address was taken away")).await?;
        if parcel.is_none() {
            tx.finish(job);
        }
        tx.commit().await?;
        Ok(parcel)
    }

    async fn post(&self, alert: &Alert, parcel: &Parcel) -> Result<Response, Refused> {
        let body = parcel.body.to_string();
        let request = self.kernel.http.public(Method::POST, &parcel.url).map_err(|_| Refused::Forbidden)?;
        let mut request = request.body("application/json", body.clone());
        if let Some(secret) = &parcel.secret {
            let id = format!("{}_{}", alert.anomaly, alert.channel.as_str());
            for (name, value) in signed(secret, &id, self.kernel.clock.now(), &body) {
                request = request.header(HeaderName::from_static(name), value);
            }
        }
        request.send().await.map_err(Refused::Http)
    }

    async fn settle(&self, job: &Job, alert: &Alert, result: Result<Response, Refused>) -> Result<(), JobError> {
        let mut tx = self.kernel.db.begin(job.org).await?;
        let (state, error, again) = match &result {
            Ok(answer) if answer.status.is_success() => ("sent", None, false),
            // Gone, forbidden, malformed: the same again would be refused again.
            Ok(answer) if answer.status.is_client_error() && answer.status.as_u16() != 429 => {
                ("failed", Some(format!("the address answered {}", answer.status.as_u16())), false)
            }
            Ok(answer) => ("queued", Some(format!("the address answered {}", answer.status.as_u16())), true),
            Err(Refused::Forbidden) => ("failed", Some("the address leads into a private network".to_owned()), false),
            Err(Refused::Http(error)) if error.may_have_happened() && alert.channel == Channel::Slack => {
                ("unknown", Some(format!("{} did not answer", alert.channel.as_str())), false)
            }
            Err(Refused::Http(error)) => ("queued", Some(error.word().to_owned()), true),
        };
        let for_good = again && job.is_last_attempt();
        set_state(&mut tx, alert, if for_good { "failed" } else { state }, error.as_deref()).await?;
        if !again {
            tx.finish(job);
        }
        tx.commit().await?;
        if again { Err(JobError::Retry(anyhow::anyhow!(error.unwrap_or_default()))) } else { Ok(()) }
    }
}

enum Refused {
    Forbidden,
    Http(HttpError),
}

/// The headers that prove where a webhook comes from: HMAC-SHA256 over id, time and body, as Standard Webhooks has it.
fn signed(secret: &Secret, id: &str, now: DateTime<Utc>, body: &str) -> [(&'static str, String); 3] {
    let seconds = now.timestamp().to_string();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
    let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(tag.as_ref()));
    [("webhook-id", id.to_owned()), ("webhook-timestamp", seconds), ("webhook-signature", signature)]
}

async fn state(tx: &mut OrgTx, alert: &Alert) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select state from anomaly_alerts where org_id = $1 and anomaly_id = $2 and channel = $3 for update",
    )
    .bind(tx.org())
    .bind(alert.anomaly)
    .bind(alert.channel.as_str())
    .fetch_optional(tx.conn())
    .await
}

async fn set_state(tx: &mut OrgTx, alert: &Alert, state: &str, error: Option<&str>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update anomaly_alerts set state = $4, error = $5, at = $6 where org_id = $1 and anomaly_id = $2 and channel = $3",
    )
    .bind(tx.org())
    .bind(alert.anomaly)
    .bind(alert.channel.as_str())
    .bind(state)
    .bind(error)
    .bind(tx.clock().now())
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_bound_to_id_time_and_body() {
        let now = "2026-07-10T15:00:00Z".parse().expect("an instant");
        let secret = Secret::new("whsec_test".to_owned());
        let told = |id: &str, body: &str| signed(&secret, id, now, body);
        assert_eq!(told("a", "{}"), told("a", "{}"));
        assert_ne!(told("a", "{}")[2], told("b", "{}")[2]);
        assert_ne!(told("a", "{}")[2], told("a", "{ }")[2]);
        assert!(told("a", "{}")[2].1.starts_with("v1,") && told("a", "{}")[1].1 == "1783695600");
    }
}
