//! The six views as pages, as JSON, and as files.

use chrono::{Duration, Timelike};
use kernel::channel::ChannelKind;
use kernel::ids::{ContactId, ConversationId, DecisionId, MessageId, UserId};
use kernel::ledger::{Actor, Event, Fact, Subject, Writer};
use serde_json::Value;
use shell::Role;

use super::support::House;

const VIEWS: [&str; 6] = ["overview", "response", "funnel", "agents", "languages", "channels"];

fn figure<'a>(view: &'a Value, key: &str) -> &'a Value {
    let found = view["figures"].as_array().into_iter().flatten().find(|figure| figure["key"] == key);
    found.unwrap_or(&Value::Null)
}

impl House {
    async fn view(&self, path: &str) -> Value {
        let answer = self.web.get(&self.token(Role::Viewer), &format!("/v2/analytics/{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// A message in Spanish that a person answered after ten minutes.
    async fn talk(&self) {
        let clock = &self.web.kernel.clock;
        let (conversation, contact) = (ConversationId::new(clock), ContactId::new(clock));
        let (message, dana) = (MessageId::new(clock), UserId::new(clock));
        let channel = ChannelKind::Whatsapp;
        let subject = Subject::Conversation(conversation);
        let received = Fact::MessageReceived { conversation, contact, message, channel, first: true };
        let understood = Fact::MessageUnderstood {
            conversation,
            contact,
            message,
            channel,
            decision: DecisionId::new(clock),
            language: "es".to_owned(),
            topic: "prices".to_owned(),
            intent: "ask_price".to_owned(),
            intent_confidence: 0.9,
            sentiment: "negative".to_owned(),
            sentiment_score: -0.6,
            urgency: "normal".to_owned(),
            signals: vec!["mentions_price".to_owned()],
            inbound_count: 1,
            flags: Vec::new(),
        };
        let sent = Fact::MessageSent {
            conversation,
            contact,
            message: MessageId::new(clock),
            channel,
            writer: Writer::Human,
            meaningful: true,
            answered_after_s: Some(600),
            first_answer: true,
        };
        let mut tx = self.tx().await;
        tx.append(Event::new(subject, Actor::Contact(contact), received));
        tx.append(Event::new(subject, Actor::Bot, understood));
        tx.append(Event::new(subject, Actor::User(dana), sent));
        tx.commit().await.expect("committed");
        self.settle().await;
    }
}

#[tokio::test]
async fn the_figures_are_those_of_the_signals_and_lead_to_their_rows() {
    let house = House::full().await;
    let view = house.view("overview").await;
    assert_eq!(
        (&figure(&view, "leads")["value"], &figure(&view, "revenue")["value"]),
        (&20.0.into(), &80_000.0.into())
    );
    assert_eq!(figure(&view, "leads")["previous"], 0.0, "{view}");
    assert_eq!(figure(&view, "answered_5")["value"], 0.6);
    assert_eq!(view["table"]["rows"][0]["key"], "web");
    let response = house.view("response").await;
    assert_eq!(figure(&response, "never")["value"], 0.4, "{response}");
    let median = figure(&response, "median_s")["value"].as_f64().expect("answers");
    assert!((105.0..135.0).contains(&median), "{median}");
    let classes = &response["series"][0]["points"];
    assert_eq!(classes[1]["value"], 12.0, "between one minute and five: {classes}");
    let rows = classes[1]["rows"].as_str().expect("an address");
    assert_eq!(house.page(rows).await.text.matches("<tr data-row>").count(), 12);
    let funnel = house.view("funnel").await;
    let steps: Vec<f64> = ["leads", "answered", "booked", "paid"]
        .iter()
        .map(|step| figure(&funnel, step)["value"].as_f64().unwrap_or(-1.0))
        .collect();
    assert_eq!(steps, [20.0, 12.0, 8.0, 8.0], "{funnel}");
}

#[tokio::test]
async fn days_places_and_sources_narrow_it_and_wrong_ones_are_refused() {
    let house = House::full().await;
    let id = house.location().await;
    let leads = async |query: &str| {
        let view = house.view(&format!("overview?{query}")).await;
        figure(&view, "leads")["value"].clone()
    };
    assert_eq!(leads(&format!("location={id}")).await, 20.0);
    assert_eq!(leads("source=web").await, 20.0);
    assert_eq!(leads("source=telephone").await, 0.0);
    let today = house.web.kernel.clock.now().date_naive();
    assert_eq!(leads(&format!("from={today}&to={today}")).await, 0.0);
    let alone = house.view("overview?compare=none").await;
    assert_eq!(figure(&alone, "leads")["previous"], Value::Null);
    let viewer = house.token(Role::Viewer);
    for (path, status) in [
        ("overview?from=soon", 422),
        ("overview?from=2026-03-02&to=2026-03-01", 422),
        ("overview?compare=x", 422),
        ("overview?when=now", 422),
        ("weather", 404),
    ] {
        assert_eq!(house.web.get(&viewer, &format!("/v2/analytics/{path}")).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn agents_languages_channels_and_hours_come_from_the_ledger() {
    let house = House::full().await;
    house.talk().await;
    let agents = house.view("agents").await;
    assert_eq!(agents["table"]["rows"][0]["name"], "Dana Whitfield", "{agents}");
    assert_eq!(agents["table"]["rows"][0]["cells"][1], 600.0, "the mean wait");
    let languages = house.view("languages").await;
    assert_eq!(languages["table"]["rows"][0]["name"], "Spanish");
    assert_eq!(figure(&languages, "upset")["value"], 1.0);
    let channels = house.view("channels").await;
    assert_eq!(channels["table"]["rows"][0]["name"], "WhatsApp");
    assert_eq!(figure(&channels, "alone")["value"], 0.0);
    let response = house.view("response").await;
    let asked = house.web.kernel.clock.now() - Duration::minutes(10);
    let waits = response["week"][1]["hours"].as_array().expect("a week");
    let known: Vec<&Value> =
        waits.iter().flat_map(|day| day.as_array().into_iter().flatten()).filter(|hour| !hour.is_null()).collect();
    assert_eq!(known, [&Value::from(600.0)], "once, at about {}", asked.hour());
}

#[tokio::test]
async fn the_sums_of_the_inbox_are_made_anew_from_the_ledger() {
    let house = House::empty().await;
    house.talk().await;
    house.talk().await;
    let all = async || {
        let mut tx = house.tx().await;
        let rows: Vec<(String, String, String, i64, i64)> = sqlx::query_as(
            "select dimension, key, metric, n, amount from desk_metrics where org_id = $1 order by dimension, day, key, metric",
        )
        .bind(house.org)
        .fetch_all(tx.conn())
        .await
        .expect("sums");
        rows
    };
    let before = all().await;
    assert!(before.len() > 10, "{before:?}");
    let mut tx = house.tx().await;
    sqlx::query("update desk_metrics set n = n + 7 where org_id = $1 and metric = 'received'")
        .bind(house.org)
        .execute(tx.conn())
        .await
        .expect("spoiled");
    assert_eq!(revenue::rebuild_desk_sums(&mut tx).await.expect("made anew"), 6, "two times three facts");
    tx.commit().await.expect("committed");
    assert_eq!(all().await, before);
}

#[tokio::test]
async fn every_view_is_a_page_with_the_numbers_behind_its_charts_and_a_file() {
    let house = House::full().await;
    house.talk().await;
    for view in VIEWS {
        let page = house.page(&format!("/analytics/{view}")).await.text;
        assert!(page.contains("class=\"chart\"") && page.contains("Show the numbers"), "{view}: {page}");
        assert!(!page.contains("NaN"), "{view}");
    }
    let first = house.web.browse(&house.token(Role::Viewer), "/analytics?source=web").await;
    assert_eq!((first.status, first.header("location")), (303, "/analytics/overview?source=web"));
    let refused = house.web.browse(&house.token(Role::Viewer), "/analytics/overview/table.csv").await;
    assert_eq!(refused.status, 403, "a viewer exports nothing");
    let file = house.web.browse(&house.token(Role::Analyst), "/analytics/overview/table.csv").await;
    assert!(file.header("content-type").starts_with("text/csv"));
    assert!(file.text.contains("Source,Leads (count)") && file.text.contains("\r\nweb,20,"), "{}", file.text);
}

#[tokio::test]
async fn nothing_yet_is_said_on_every_view() {
    let house = House::empty().await;
    for view in VIEWS {
        assert!(house.page(&format!("/analytics/{view}")).await.text.contains("Nothing in these days"), "{view}");
    }
}
