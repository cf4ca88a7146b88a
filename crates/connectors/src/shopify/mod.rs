//! Shopify as a source: orders with their refunds, and checkouts that were left, through the Admin GraphQL API.
//!
//! Rules a newcomer would break: being throttled is a status 200 with an error in it, and says by its cost how long to wait; a total
//! is gross, refunds are their own signals; orders older than 60 days are hidden unless `read_all_orders` was granted; test orders
//! are not money.

mod failure;
mod map;
mod webhook;

use async_trait::async_trait;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use kernel::config::Secret;
use kernel::http::Http;
use kernel::http::header::HeaderName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call;
use crate::oauth::{Credentials, OAuthApp, TokenStyle};
use crate::record;
use crate::signal::Signal;
use crate::source::{Account, Page, Reading, Rejection, Source, SourceError, Stream};

pub use webhook::{notice, shop};

/// The source's name on its signals.
pub const NAME: &str = "shopify";

/// How a shop is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The version of the API, a quarter.
    pub version: String,
    /// Records of one page, 1–250; a query may cost 1,000 points.
    pub page: u32,
    /// Seconds before the newest known change that are read again.
    pub overlap_s: i64,
    /// The place of business that orders belong to.
    pub location: Option<String>,
    /// The calling code of phone numbers without one.
    pub calling_code: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { version: "2026-07".to_owned(), page: 50, overlap_s: 120, location: None, calling_code: None }
    }
}

/// One shop.
#[derive(Clone, Debug)]
pub struct Shopify {
    http: Http,
    base_url: String,
    config: Config,
    credentials: Credentials,
}

/// The source of one shop; `base_url` is what [`shop_url`] gives.
pub fn source(http: &Http, base_url: &str, config: Config, credentials: Credentials) -> Shopify {
    Shopify { http: http.clone(), base_url: base_url.trim_end_matches('/').to_owned(), config, credentials }
}

/// The address of a shop, `None` for anything but `<name>.myshopify.com`.
pub fn shop_url(shop: &str) -> Option<String> {
    let name = shop.strip_suffix(".myshopify.com")?;
    let fits = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (fits && !name.is_empty() && !name.starts_with('-') && name.len() <= 60).then(|| format!("https://{shop}"))
}

/// Our app at one shop ([`shop_url`]), asking to read orders of the last 60 days.
pub fn app(shop_url: &str, client_id: &str, client_secret: Secret) -> OAuthApp {
    let base = shop_url.trim_end_matches('/');
    OAuthApp {
        service: NAME.to_owned(),
        client_id: client_id.to_owned(),
        client_secret,
        authorise_url: format!("{base}/admin/oauth/authorize"),
        token_url: format!("{base}/admin/oauth/access_token"),
        scopes: vec!["read_orders".to_owned()],
        scope_separator: Some(','),
        style: TokenStyle::Json,
        ..OAuthApp::default()
    }
}

/// Changed at or after `from` and before what `after` points at was read; `high` is the newest change seen.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    from: Option<DateTime<Utc>>,
    high: Option<DateTime<Utc>>,
    after: Option<String>,
}

const ORDERS: &str = "query Orders($first: Int!, $after: String, $query: String) { orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) { \
    nodes { id legacyResourceId name createdAt processedAt updatedAt cancelledAt test currencyCode displayFinancialStatus sourceName email phone \
    totalPriceSet { shopMoney { amount currencyCode } } customer { id email phone } \
    refunds(first: 50) { id legacyResourceId createdAt totalRefundedSet { shopMoney { amount currencyCode } } } } \
    pageInfo { hasNextPage endCursor } } }";
const CHECKOUTS: &str = "query Checkouts($first: Int!, $after: String, $query: String) { abandonedCheckouts(first: $first, after: $after, query: $query) { \
    nodes { id createdAt updatedAt completedAt totalPriceSet { shopMoney { amount currencyCode } } customer { id email phone } } \
    pageInfo { hasNextPage endCursor } } }";
const SHOP: &str = "query Shop { shop { name myshopifyDomain } }";

const STREAMS: [(&str, &str, &str, &str, &[&str]); 2] = [
    (
        "orders",
        "Orders and refunds",
        ORDERS,
        "orders",
        &["name", "processedAt", "totalPriceSet", "displayFinancialStatus", "email", "refunds"],
    ),
    (
        "checkouts",
        "Checkouts that were left",
        CHECKOUTS,
        "abandonedCheckouts",
        &["createdAt", "completedAt", "totalPriceSet", "customer"],
    ),
];

impl Shopify {
    async fn ask(&self, query: &str, variables: &Value) -> Result<Value, SourceError> {
        let url = format!("{}/admin/api/{}/graphql.json", self.base_url, self.config.version);
        let body = json!({"query": query, "variables": variables});
        let build = |token: &Secret| {
            let header = HeaderName::from_static("x-shopify-access-token");
            self.http.post(NAME, &url).header(header, token.reveal()).json(&body)
        };
        call::call(&self.http, &self.credentials, build, failure::judge).await
    }
}

#[async_trait]
impl Source for Shopify {
    async fn check(&self) -> Result<Account, SourceError> {
        let answer = self.ask(SHOP, &json!({})).await?;
        let shop = &answer["data"]["shop"];
        let (Some(id), Some(name)) = (shop["myshopifyDomain"].as_str(), shop["name"].as_str()) else {
            return Err(SourceError::Malformed("the shop does not say who it is".to_owned()));
        };
        Ok(Account { id: id.to_owned(), name: name.to_owned() })
    }

    async fn discover(&self) -> Result<Vec<Stream>, SourceError> {
        let stream = |(name, title, _, _, fields): (&str, &str, &str, &str, &[&str])| Stream {
            name: name.to_owned(),
            title: title.to_owned(),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            incremental: true,
        };
        Ok(STREAMS.into_iter().map(stream).collect())
    }

    async fn read(&self, reading: Reading<'_>) -> Result<Page, SourceError> {
        let known = STREAMS.into_iter().find(|(name, ..)| *name == reading.stream);
        let (_, _, query, field, _) =
            known.ok_or_else(|| SourceError::Refused(format!("no stream {}", reading.stream)))?;
        let place: Place = record::place(reading.cursor)?;
        let from = place.from.unwrap_or(reading.since);
        let changed = |at: DateTime<Utc>| format!("updated_at:>='{}'", at.to_rfc3339_opts(SecondsFormat::Secs, true));
        let variables = |at, after: Option<&str>| json!({"first": self.config.page.clamp(1, 250), "after": after, "query": changed(at)});
        let mut answer = match self.ask(query, &variables(from, place.after.as_deref())).await {
            // A cursor that is no longer known: begin again.
            Err(SourceError::Refused(why)) if place.after.is_some() && why.to_lowercase().contains("cursor") => {
                self.ask(query, &variables(from, None)).await?
            }
            answer => answer?,
        };
        let list = answer.pointer_mut(&format!("/data/{field}"));
        let list = list.ok_or_else(|| SourceError::Malformed(format!("the answer has no `{field}`")))?;
        let more = list["pageInfo"]["hasNextPage"].as_bool();
        let more =
            more.ok_or_else(|| SourceError::Malformed("the list does not say whether there is more".to_owned()))?;
        let after = list["pageInfo"]["endCursor"].as_str().map(str::to_owned);
        let records = record::records(list, "nodes")?;
        if more && (after.is_none() || after == place.after || records.is_empty()) {
            return Err(SourceError::Malformed("the list repeats a page or ends before it says so".to_owned()));
        }
        let seen = records.iter().filter_map(|record| record::moment(&record["updatedAt"]));
        let high = seen.chain(place.high).max();
        let next = if more {
            Place { from: Some(from), high, after }
        } else {
            let earlier = high.map(|high| high - Duration::seconds(self.config.overlap_s));
            Place { from: earlier.max(place.from), ..Place::default() }
        };
        Ok(Page { records, next: record::cursor(&next)?, done: !more, total: None })
    }

    fn map(&self, stream: &str, record: &Value) -> Result<Vec<Signal>, Rejection> {
        map::signals(&self.config, stream, record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_shop_is_a_shop() {
        assert_eq!(shop_url("smile-dental.myshopify.com").as_deref(), Some("https://smile-dental.myshopify.com"));
        for wrong in [
            "a.b.myshopify.com",
            "evil.example.com/x.myshopify.com",
            ".myshopify.com",
            "-a.myshopify.com",
            "a@b.myshopify.com",
        ] {
            assert_eq!(shop_url(wrong), None, "{wrong}");
        }
    }
}
