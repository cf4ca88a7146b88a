//! X's webhooks and subscriptions: one webhook per installation, one subscription per account and kind of event.

use kernel::http::Method;
use serde_json::{Value, json};

use super::api::{Api, READS};
use super::oauth1::percent;
use crate::channel::{Credentials, Failure, Refusal};
use crate::wire::{each, id, text};

/// The events that a connected account is subscribed to.
pub const EVENTS: [&str; 3] = ["dm.received", "dm.sent", "dm.read"];

/// A webhook as X knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub id: String,
    pub url: String,
    /// X stops sending to a webhook that is not.
    pub valid: bool,
}

/// A subscription as X knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: String,
    pub event: String,
    pub user_id: Option<String>,
    pub webhook_id: Option<String>,
}

impl Api<'_> {
    /// Registers our address; X checks it with a challenge before it answers.
    pub async fn create_webhook(&self, url: &str) -> Result<Webhook, Failure> {
        let answer = self.call(self.as_app(Method::POST, "/2/webhooks").json(&json!({ "url": url }))).await?;
        webhook(&answer["data"]).or_else(|| webhook(&answer)).ok_or_else(nameless)
    }

    /// The webhooks of our application.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Failure> {
        let answer = self.call(self.as_app(Method::GET, "/2/webhooks").safe_to_repeat(READS)).await?;
        Ok(each(&answer["data"]).filter_map(webhook).collect())
    }

    /// Our webhook at `url`: the one that is there (checked again when it is not valid), or a new one.
    pub async fn ensure_webhook(&self, url: &str) -> Result<Webhook, Failure> {
        match self.webhooks().await?.into_iter().find(|webhook| webhook.url == url) {
            Some(webhook) if webhook.valid => Ok(webhook),
            Some(webhook) => {
                self.call(self.as_app(Method::PUT, &format!("/2/webhooks/{}", percent(&webhook.id)))).await?;
                Ok(Webhook { valid: true, ..webhook })
            }
            None => self.create_webhook(url).await,
        }
    }

    /// Removes a webhook.
    pub async fn delete_webhook(&self, webhook_id: &str) -> Result<(), Failure> {
        self.call(self.as_app(Method::DELETE, &format!("/2/webhooks/{}", percent(webhook_id)))).await.map(drop)
    }

    /// Subscribes an account to one kind of private event, with the account's own OAuth 2.0 token. Being subscribed
    /// already is success.
    pub async fn subscribe(
        &self,
        credentials: &Credentials,
        user_id: &str,
        event: &str,
        webhook_id: Option<&str>,
        tag: &str,
    ) -> Result<(), Failure> {
        let mut body = json!({ "event_type": event, "filter": { "user_id": user_id }, "tag": tag });
        if let Some(webhook_id) = webhook_id {
            body["webhook_id"] = json!(webhook_id);
        }
        let request = self.as_user(Method::POST, "/2/activity/subscriptions", credentials)?;
        match self.call(request.json(&body)).await {
            Err(Failure::Refused { message, .. }) if message.contains("Duplicate") => Ok(()),
            result => result.map(drop),
        }
    }

    /// The subscriptions of our application.
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, Failure> {
        let answer = self.call(self.as_app(Method::GET, "/2/activity/subscriptions").safe_to_repeat(READS)).await?;
        let nested = &answer["data"]["subscription"];
        let one = nested.is_object().then(|| subscription(nested)).flatten();
        Ok(each(&answer["data"]).filter_map(subscription).chain(one).collect())
    }

    /// Ends a subscription; one that is gone already is success.
    pub async fn unsubscribe(&self, subscription_id: &str) -> Result<(), Failure> {
        let path = format!("/2/activity/subscriptions/{}", percent(subscription_id));
        match self.call(self.as_app(Method::DELETE, &path)).await {
            Err(Failure::Refused { class: Refusal::RecipientUnavailable, .. }) => Ok(()),
            result => result.map(drop),
        }
    }

    /// Subscribes an account over the older Account Activity API, which needs OAuth 1.0a.
    pub async fn subscribe_legacy(&self, credentials: &Credentials, webhook_id: &str) -> Result<(), Failure> {
        let path = format!("/2/account_activity/webhooks/{}/subscriptions/all", percent(webhook_id));
        match self.call(self.as_user(Method::POST, &path, credentials)?).await {
            Err(Failure::Refused { message, .. }) if message.contains("Duplicate") => Ok(()),
            result => result.map(drop),
        }
    }

    /// Ends an account's subscription over the older API.
    pub async fn unsubscribe_legacy(&self, webhook_id: &str, user_id: &str) -> Result<(), Failure> {
        let path =
            format!("/2/account_activity/webhooks/{}/subscriptions/{}/all", percent(webhook_id), percent(user_id));
        self.call(self.as_app(Method::DELETE, &path)).await.map(drop)
    }
}

fn webhook(value: &Value) -> Option<Webhook> {
    Some(Webhook { id: id(&value["id"])?, url: text(&value["url"])?, valid: value["valid"] == true })
}

fn subscription(value: &Value) -> Option<Subscription> {
    Some(Subscription {
        id: id(&value["subscription_id"])?,
        event: text(&value["event_type"])?,
        user_id: id(&value["filter"]["user_id"]),
        webhook_id: id(&value["webhook_id"]),
    })
}

fn nameless() -> Failure {
    Failure::Unknown { why: "x: the answer has no webhook".to_owned() }
}
