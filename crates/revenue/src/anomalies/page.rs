//! `/revenue/anomalies`: the list, one with its evidence, and where alerts go.

use std::collections::HashMap;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::db::OrgTx;
use kernel::ids::{AnomalyId, LocationId};
use serde::Deserialize;
use shell::auth::permission::{ManageChannels, Reply, View};
use shell::chart::{Line, Svg, Tone, sparkline};
use shell::{Allowed, AppError, Form, Frame, Path, Permission, Query, Tab, Toast, show};

use super::alerts::{self, AlertsOut, AlertsPatch};
use super::api::{self, AnomalyOut, Wanted};
use super::evidence::{EvidenceDay, EvidencePart};
use super::words;
use crate::pages::rows::Look;
use crate::settings::Rules;

#[derive(Template)]
#[template(path = "anomalies/list.html")]
struct ListPage {
    frame: Frame,
    sections: Vec<Tab>,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    muted: Vec<(String, String)>,
    may_change: bool,
    alerts: AlertsOut,
    emails: String,
}

struct Row {
    id: AnomalyId,
    title: String,
    place: String,
    sentence: String,
    days: String,
    state: String,
    tone: &'static str,
    line: Svg,
}

#[derive(Template)]
#[template(path = "anomalies/show.html")]
struct ShowPage {
    frame: Frame,
    anomaly: AnomalyOut,
    place: String,
    chart: Svg,
    parts: Vec<PartRow>,
    may_acknowledge: bool,
    may_mute: bool,
}

struct PartRow {
    /// The rows behind it; empty where no page shows them.
    href: String,
    place: String,
    source: String,
    value: String,
    usual: String,
    change: String,
}

/// The list.
pub(crate) async fn list(by: Allowed<View>, Query(wanted): Query<Wanted>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let state = wanted.state.clone().unwrap_or_default();
    let places = places(&mut tx).await?;
    let told = api::listed(&mut tx, wanted).await?;
    let may_change = by.may(Permission::ManageChannels);
    let alerts = if may_change { AlertsOut::from(&alerts::load(&mut tx).await?) } else { AlertsOut::default() };
    let tab = |label: &str, word: &str| {
        let href =
            if word.is_empty() { "/revenue/anomalies".to_owned() } else { format!("/revenue/anomalies?state={word}") };
        Tab::new(label, href, state == word)
    };
    let page = ListPage {
        frame: by.frame("Anomalies"),
        sections: crate::pages::tabs("/revenue/anomalies"),
        tabs: vec![tab("All", ""), tab("Open", "open"), tab("Seen", "acknowledged"), tab("Muted", "muted")],
        rows: told.data.into_iter().map(|one| row(one, &places)).collect(),
        muted: told.muted.into_iter().map(|metric| (words::title(&metric), metric)).collect(),
        may_change,
        emails: alerts.emails.join("\n"),
        alerts,
    };
    Ok(show(&page)?.into_response())
}

fn row(one: AnomalyOut, places: &HashMap<LocationId, String>) -> Row {
    let values: Vec<f64> = one.evidence.days.iter().map(|day| day.value.unwrap_or(f64::NAN)).collect();
    Row {
        id: one.id,
        place: place(places, one.location_id),
        days: if one.day == one.last_day { one.day.to_string() } else { format!("{} to {}", one.day, one.last_day) },
        tone: tone(&one),
        line: sparkline(&one.title, &values),
        title: one.title,
        sentence: one.sentence,
        state: one.state,
    }
}

/// Good news, bad news, or neither.
fn tone(one: &AnomalyOut) -> &'static str {
    match crate::metrics::Metric::named(&one.metric).and_then(|metric| metric.higher_is_better) {
        Some(better) if better == (one.z > 0.0) => "won",
        Some(_) => "risk",
        None => "wait",
    }
}

/// One with its evidence.
pub(crate) async fn one(by: Allowed<View>, Path(id): Path<AnomalyId>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    let anomaly = api::shown(&mut tx, id).await?;
    let places = places(&mut tx).await?;
    let currency = Rules::load(&mut tx).await?.whole.settings.currency;
    let said = |value: f64| words::figure(&anomaly.metric, value, currency.code());
    let counted = |value: f64| {
        // Of a mean or a share the parts tell how many events there were.
        if words::adds_up(&anomaly.metric) { said(value) } else { format!("{value:.0}") }
    };
    let parts = anomaly
        .evidence
        .parts
        .iter()
        .map(|part| PartRow {
            href: rows(&anomaly, part),
            place: place(&places, part.location_id),
            source: part.source.clone(),
            value: counted(part.value),
            usual: counted(part.usual),
            change: format!(
                "{}{}",
                if part.value > part.usual { "+" } else { "−" },
                counted((part.value - part.usual).abs())
            ),
        })
        .collect();
    let page = ShowPage {
        frame: by.frame(anomaly.title.clone()),
        place: place(&places, anomaly.location_id),
        chart: chart(&anomaly),
        parts,
        may_acknowledge: by.may(Permission::Reply) && anomaly.state == "open",
        may_mute: by.may(Permission::ManageChannels),
        anomaly,
    };
    Ok(show(&page)?.into_response())
}

/// The page of the rows behind a part, on the anomaly's last day.
fn rows(anomaly: &AnomalyOut, part: &EvidencePart) -> String {
    let look = Look {
        day: anomaly.last_day.to_string(),
        source: part.source.clone(),
        location: part.location_id.map(|id| id.to_string()).unwrap_or_default(),
        ..Look::default()
    };
    words::score_of(&anomaly.metric).map(|score| look.href(score)).unwrap_or_default()
}

/// The series with the band of what would have been usual.
fn chart(anomaly: &AnomalyOut) -> Svg {
    let days = &anomaly.evidence.days;
    let money = words::is_money(&anomaly.metric);
    // Money is drawn in whole units.
    let drawn = |value: Option<f64>| value.map_or(f64::NAN, |value| if money { value / 100.0 } else { value });
    let labels = days.iter().map(|day| day.day.format("%-d %b").to_string()).collect();
    let all = |of: fn(&EvidenceDay) -> Option<f64>| days.iter().map(|day| drawn(of(day))).collect::<Vec<f64>>();
    Line::new(anomaly.title.clone(), "", labels)
        .band("usual", Tone::Quiet, all(|day| day.low), all(|day| day.high))
        .series("expected", Tone::Quiet, all(|day| day.expected))
        .series("was", Tone::Accent, all(|day| day.value))
        .draw()
}

async fn places(tx: &mut OrgTx) -> Result<HashMap<LocationId, String>, sqlx::Error> {
    let rows: Vec<(LocationId, String)> =
        sqlx::query_as("select id, name from locations where org_id = $1").bind(tx.org()).fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().collect())
}

fn place(places: &HashMap<LocationId, String>, id: Option<LocationId>) -> String {
    id.map_or_else(
        || "Whole organisation".to_owned(),
        |id| places.get(&id).cloned().unwrap_or_else(|| "A former place".to_owned()),
    )
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

/// "Seen" on one.
pub(crate) async fn acknowledge(
    by: Allowed<Reply>,
    Path(id): Path<AnomalyId>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    api::acknowledge(&mut tx, id, by.actor()).await?;
    tx.commit().await?;
    let toast = Toast::done("Marked as seen").on_next_page();
    Ok((toast, Redirect::to(&format!("/revenue/anomalies/{id}"))).into_response())
}

#[derive(Deserialize)]
pub(crate) struct MuteForm {
    metric: String,
    #[serde(default)]
    muted: bool,
}

/// Mutes a metric or hears of it again.
pub(crate) async fn mute(by: Allowed<ManageChannels>, Form(form): Form<MuteForm>) -> Result<Response, AppError> {
    let mut tx = by.tx().await?;
    api::mute(&mut tx, &form.metric, form.muted, by.actor()).await?;
    tx.commit().await?;
    let said = if form.muted { "The metric is muted" } else { "The metric is watched again" };
    Ok((Toast::done(said).on_next_page(), Redirect::to("/revenue/anomalies")).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct AlertsForm {
    emails: String,
    slack_url: String,
    webhook_url: String,
    forget_slack: bool,
}

#[derive(Template)]
#[template(path = "anomalies/secret.html")]
struct SecretPage {
    frame: Frame,
    secret: String,
}

/// Saves where alerts go. An empty Slack address keeps the one there is, because it is not shown.
pub(crate) async fn save_alerts(
    by: Allowed<ManageChannels>,
    Form(form): Form<AlertsForm>,
) -> Result<Response, AppError> {
    let AlertsForm { emails, slack_url, webhook_url, forget_slack } = form;
    let emails = emails.split(|c: char| c.is_whitespace() || c == ',').map(str::to_owned).collect();
    let slack_url =
        if forget_slack { Some(String::new()) } else { Some(slack_url).filter(|url| !url.trim().is_empty()) };
    let patch = AlertsPatch { emails: Some(emails), slack_url, webhook_url: Some(webhook_url) };
    let mut tx = by.tx().await?;
    let told = alerts::change(&mut tx, by.kernel(), by.actor(), patch).await?;
    tx.commit().await?;
    if let Some(secret) = told.webhook_secret {
        return Ok(show(&SecretPage { frame: by.frame("Alerts"), secret })?.into_response());
    }
    Ok((Toast::done("Alerts are saved").on_next_page(), Redirect::to("/revenue/anomalies")).into_response())
}
