//! The Inbox's list, thread and search over many messages, through the whole router without the network.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use kernel::config::Config;
use kernel::ids::{ChannelId, OrgId};
use serde_json::{Value, json};
use shell::{App, Settings};
use sqlx::{Connection, PgConnection};
use standins::WorldConfig;
use tower::ServiceExt;

use super::super::demo::world::accounts;
use super::measured::{Samples, say};
use super::place::Place;
use crate::rooms::Rooms;

/// How much.
#[derive(clap::Args)]
pub struct Dashboard {
    /// Messages in all.
    #[arg(long, default_value_t = 1_000_000)]
    messages: i64,
    /// Conversations in all.
    #[arg(long, default_value_t = 50_000)]
    conversations: i64,
    /// Requests of each kind.
    #[arg(long, default_value_t = 300)]
    requests: usize,
}

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "bench-password-1";

impl Dashboard {
    /// Fills the tables, then asks.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let place = Place::new(config, "dashboard").await?;
        let new = identity::registration::NewOrganisation {
            organisation: "Bench".to_owned(),
            name: "Bench Person".to_owned(),
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
        };
        let org = identity::registration::register(&place.kernel, new).await.map_err(super::super::told)?.org;
        let account = accounts(&WorldConfig::unlimited()).remove(0);
        let channel = place.connect(org, &account).await?;
        let began = Instant::now();
        self.fill(&place, org, channel).await?;
        say("dashboard_messages", self.messages);
        say("dashboard_conversations", self.conversations);
        say("dashboard_filled_in_s", format!("{:.1}", began.elapsed().as_secs_f64()));
        let rooms = Rooms::open(&place.kernel).await?;
        let settings = Settings { rate_factor: 0, ..Settings::default() };
        let app = App::new(place.kernel.clone(), rooms.identity().authenticator(), settings);
        let router = shell::assemble(&app, rooms.plug(&app));
        self.ask(&router).await?;
        drop((router, app, rooms));
        place.close().await
    }

    /// Contacts, conversations and messages in a few statements.
    async fn fill(&self, place: &Place, org: OrgId, channel: ChannelId) -> anyhow::Result<()> {
        let mut owner = PgConnection::connect(&place.url).await?;
        for statement in [CONTACTS, CONVERSATIONS] {
            sqlx::query(statement).bind(org).bind(channel).bind(self.conversations).execute(&mut owner).await?;
        }
        let mut from = 0;
        while from < self.messages {
            let to = (from + 100_000).min(self.messages);
            sqlx::query(MESSAGES)
                .bind(org)
                .bind(channel)
                .bind(self.conversations)
                .bind(from)
                .bind(to - 1)
                .execute(&mut owner)
                .await?;
            from = to;
        }
        sqlx::query("vacuum analyze contacts, conversations, messages").execute(&mut owner).await?;
        Ok(owner.close().await?)
    }

    async fn ask(&self, router: &Router) -> anyhow::Result<()> {
        let (_, signed_in) =
            call(router, "POST", "/v2/auth/login", "", Some(json!({ "email": EMAIL, "password": PASSWORD }))).await?;
        let token = signed_in["access_token"].as_str().unwrap_or_default().to_owned();
        let (_, first) = call(router, "GET", "/v2/conversations?limit=50", &token, None).await?;
        let ids: Vec<String> = first["data"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row["id"].as_str().map(str::to_owned))
            .collect();
        anyhow::ensure!(ids.len() == 50, "the list holds {} conversations", ids.len());
        let lists = [
            "/v2/conversations?limit=50",
            "/v2/conversations?limit=50&status=open",
            "/v2/conversations?limit=50&tag=HOT",
        ];
        self.measure(router, &token, "dashboard_list", |number| lists[number % lists.len()].to_owned()).await?;
        self.measure(router, &token, "dashboard_thread", |number| {
            format!("/v2/conversations/{}/messages?limit=50", ids[number % ids.len()])
        })
        .await?;
        let words = ["whitening", "emergency", "saturday", "invoice", "parking"];
        self.measure(router, &token, "dashboard_search", |number| {
            format!("/v2/conversations?limit=50&q={}", words[number % words.len()])
        })
        .await
    }

    async fn measure(
        &self,
        router: &Router,
        token: &str,
        metric: &str,
        path: impl Fn(usize) -> String,
    ) -> anyhow::Result<()> {
        let mut took = Vec::with_capacity(self.requests);
        for number in 0..self.requests + 10 {
            let (time, _) = call(router, "GET", &path(number), token, None).await?;
            // The first ones warm the caches.
            if number >= 10 {
                took.push(time);
            }
        }
        Samples::new(took).say(metric);
        Ok(())
    }
}

async fn call(
    router: &Router,
    method: &str,
    path: &str,
    token: &str,
    body: Option<Value>,
) -> anyhow::Result<(Duration, Value)> {
    let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))?;
    let began = Instant::now();
    let Ok(response) = router.clone().oneshot(request).await;
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await?;
    let took = began.elapsed();
    anyhow::ensure!(status.is_success(), "{path} was answered with {status}: {}", String::from_utf8_lossy(&bytes));
    Ok((took, serde_json::from_slice(&bytes)?))
}

/// An id of a number: contacts begin with 1, conversations with 2, messages with 3.
const CONTACTS: &str = "insert into contacts (org_id, id, first_channel) \
    select $1, ('1' || lpad(to_hex(n), 31, '0'))::uuid, 'facebook' from generate_series(0::bigint, $3 - 1) n where $2::uuid is not null";

const CONVERSATIONS: &str = "insert into conversations (org_id, id, channel_id, channel_kind, contact_id, recipient, status, holder, \
    last_message_at, preview, lead_tag, lead_score) \
    select $1, ('2' || lpad(to_hex(n), 31, '0'))::uuid, $2, 'facebook', ('1' || lpad(to_hex(n), 31, '0'))::uuid, 'r' || n, \
      case n % 5 when 0 then 'open' when 1 then 'needs_human' else 'closed' end, 'bot', now() - n * interval '1 minute', 'the last words', \
      case n % 10 when 0 then 'HOT' when 1 then 'WARM' else 'COLD' end, (n % 100)::int \
    from generate_series(0::bigint, $3 - 1) n";

const MESSAGES: &str = "insert into messages (org_id, id, conversation_id, channel_id, direction, writer, platform_id, body, state, at) \
    select $1, ('3' || lpad(to_hex(n), 31, '0'))::uuid, ('2' || lpad(to_hex(n % $3), 31, '0'))::uuid, $2, \
      case n % 2 when 0 then 'inbound' else 'outbound' end, case n % 2 when 0 then 'contact' else 'bot' end, 'bench.' || n, \
      'Message ' || n || ' about ' || (array['whitening', 'an implant', 'parking', 'a check-up', 'insurance', 'veneers', 'a slot on friday'])[1 + n % 7] \
        || case when n % 997 = 0 then ' and an emergency' when n % 499 = 0 then ' on saturday' when n % 211 = 0 then ' with an invoice' else '' end, \
      case n % 2 when 0 then 'received' else 'read' end, now() - ($3 * 40 - n) * interval '1 second' \
    from generate_series($4::bigint, $5::bigint) n";
