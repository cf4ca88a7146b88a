//! The views of the inbox: agents, languages, channels. They know no locations and no outside sources.

use std::cmp::Reverse;

use kernel::db::OrgTx;
use kernel::ids::UserId;
use shell::AppError;

use super::period::Period;
use super::store::{self, Sums};
use super::views::{
    AnalyticsFigure, AnalyticsPoint, AnalyticsRow, AnalyticsSeries, AnalyticsShape, AnalyticsTable, AnalyticsView,
    column,
};
use crate::people::People;

/// A figure of the inbox.
fn counted(
    key: &str,
    title: &str,
    unit: &str,
    better: Option<bool>,
    value: Option<f64>,
    previous: Option<f64>,
) -> AnalyticsFigure {
    AnalyticsFigure {
        key: key.to_owned(),
        title: title.to_owned(),
        value,
        unit: unit.to_owned(),
        previous,
        higher_is_better: better,
        rows: String::new(),
    }
}

/// Sums of the inbox by key, and all keys together, now and before.
async fn inbox(
    tx: &mut OrgTx,
    period: &Period,
    dimension: &str,
) -> Result<(Vec<(String, Sums)>, Sums, Option<Sums>), AppError> {
    let keys = store::desk(tx, dimension, (period.from, period.to)).await?;
    let now = store::together(keys.values());
    let was = match period.before {
        Some(days) => Some(store::together(store::desk(tx, dimension, days).await?.values())),
        None => None,
    };
    Ok((keys.into_iter().collect(), now, was))
}

fn bars(title: &str, rows: &[AnalyticsRow], place: usize) -> AnalyticsSeries {
    let point = |row: &AnalyticsRow| AnalyticsPoint {
        label: row.name.clone(),
        value: row.cells.get(place).copied().flatten(),
        previous: None,
        rows: row.rows.clone(),
    };
    AnalyticsSeries {
        title: title.to_owned(),
        unit: "count".to_owned(),
        shape: AnalyticsShape::Bars,
        points: rows.iter().take(12).map(point).collect(),
    }
}

pub(super) async fn agents(
    tx: &mut OrgTx,
    people: &dyn People,
    period: &Period,
    view: &mut AnalyticsView,
) -> Result<(), AppError> {
    let (mut keys, all, was) = inbox(tx, period, "agent").await?;
    keys.sort_by_key(|(_, sums)| Reverse((sums.n("answered"), sums.n("sent"))));
    let ids: Vec<UserId> = keys.iter().filter_map(|(key, _)| key.parse().ok()).collect();
    let names = people.agents(tx, &ids).await.map_err(AppError::internal)?;
    let before = |of: &dyn Fn(&Sums) -> Option<f64>| was.as_ref().and_then(of);
    let n = |metric: &'static str| move |sums: &Sums| Some(sums.n(metric) as f64);
    view.figures = vec![
        counted("agents", "Agents who wrote", "count", None, Some(keys.len() as f64), None),
        counted("answered", "Answers", "count", Some(true), n("answered")(&all), before(&n("answered"))),
        counted(
            "mean_s",
            "Mean wait",
            "seconds",
            Some(false),
            all.mean("answered"),
            before(&|sums| sums.mean("answered")),
        ),
        counted("taken_over", "Taken over", "count", None, n("taken_over")(&all), before(&n("taken_over"))),
        counted("won", "Leads won", "count", Some(true), n("won")(&all), before(&n("won"))),
    ];
    let rows = keys.iter().map(|(key, sums)| {
        let name = key.parse::<UserId>().ok().and_then(|id| names.get(&id).cloned());
        AnalyticsRow {
            key: key.clone(),
            name: name.unwrap_or_else(|| "Somebody who left".to_owned()),
            cells: vec![
                Some(sums.n("answered") as f64),
                sums.mean("answered"),
                sums.share("answered_5", "answered"),
                Some(sums.n("sent") as f64),
                Some(sums.n("taken_over") as f64),
                Some(sums.n("won") as f64),
            ],
            rows: String::new(),
        }
    });
    let rows: Vec<AnalyticsRow> = rows.collect();
    view.series = vec![bars("Answers by agent", &rows, 0)];
    let columns = vec![
        column("Answers", "count"),
        column("Mean wait", "seconds"),
        column("Within 5 minutes", "share"),
        column("Messages", "count"),
        column("Taken over", "count"),
        column("Won", "count"),
    ];
    view.table = AnalyticsTable { of: "Agent".to_owned(), columns, rows };
    Ok(())
}

pub(super) async fn languages(tx: &mut OrgTx, period: &Period, view: &mut AnalyticsView) -> Result<(), AppError> {
    let (mut keys, all, was) = inbox(tx, period, "language").await?;
    keys.sort_by_key(|(_, sums)| Reverse(sums.n("received")));
    let total = all.n("received");
    let before = |of: &dyn Fn(&Sums) -> Option<f64>| was.as_ref().and_then(of);
    view.figures = vec![
        counted("languages", "Languages", "count", None, Some(keys.len() as f64), None),
        counted(
            "received",
            "Messages",
            "count",
            None,
            Some(total as f64),
            before(&|sums| Some(sums.n("received") as f64)),
        ),
        counted(
            "upset",
            "Upset",
            "share",
            Some(false),
            all.share("upset", "received"),
            before(&|sums| sums.share("upset", "received")),
        ),
    ];
    let rows: Vec<AnalyticsRow> = keys
        .iter()
        .map(|(key, sums)| AnalyticsRow {
            key: key.clone(),
            name: language(key),
            cells: vec![
                Some(sums.n("received") as f64),
                (total > 0).then(|| sums.n("received") as f64 / total as f64),
                sums.share("asked", "received"),
                sums.share("upset", "received"),
            ],
            rows: String::new(),
        })
        .collect();
    view.series = vec![bars("Messages by language", &rows, 0)];
    let columns = vec![
        column("Messages", "count"),
        column("Of all", "share"),
        column("Ask to buy", "share"),
        column("Upset", "share"),
    ];
    view.table = AnalyticsTable { of: "Language".to_owned(), columns, rows };
    Ok(())
}

/// A language in English; its code where it is not one of those met most.
fn language(code: &str) -> String {
    let known = match code {
        "en" => "English",
        "es" => "Spanish",
        "de" => "German",
        "fr" => "French",
        "pt" => "Portuguese",
        "it" => "Italian",
        "nl" => "Dutch",
        "pl" => "Polish",
        "tr" => "Turkish",
        "ar" => "Arabic",
        "ru" => "Russian",
        "uk" => "Ukrainian",
        "hi" => "Hindi",
        "zh" => "Chinese",
        "ja" => "Japanese",
        "ko" => "Korean",
        "vi" => "Vietnamese",
        "unknown" | "und" => "Not known",
        other => other,
    };
    known.to_owned()
}

pub(super) async fn channels(tx: &mut OrgTx, period: &Period, view: &mut AnalyticsView) -> Result<(), AppError> {
    let (mut keys, all, was) = inbox(tx, period, "channel").await?;
    keys.sort_by_key(|(_, sums)| Reverse(sums.n("received")));
    let before = |of: &dyn Fn(&Sums) -> Option<f64>| was.as_ref().and_then(of);
    let n = |metric: &'static str| move |sums: &Sums| Some(sums.n(metric) as f64);
    let alone = |sums: &Sums| {
        let (bot, person) = (sums.n("sent_bot"), sums.n("sent_person"));
        (bot + person > 0).then(|| bot as f64 / (bot + person) as f64)
    };
    view.figures = vec![
        counted("received", "Messages", "count", None, n("received")(&all), before(&n("received"))),
        counted("alone", "Answered by Recoup", "share", Some(true), alone(&all), before(&alone)),
        counted(
            "mean_s",
            "Mean wait",
            "seconds",
            Some(false),
            all.mean("answered"),
            before(&|sums| sums.mean("answered")),
        ),
        counted(
            "answered_5",
            "Within 5 minutes",
            "share",
            Some(true),
            all.share("answered_5", "answered"),
            before(&|sums| sums.share("answered_5", "answered")),
        ),
    ];
    let rows: Vec<AnalyticsRow> = keys
        .iter()
        .map(|(key, sums)| AnalyticsRow {
            key: key.clone(),
            name: crate::centre::channel_name(key),
            cells: vec![
                Some(sums.n("received") as f64),
                Some(sums.n("sent_bot") as f64),
                Some(sums.n("sent_person") as f64),
                sums.mean("answered"),
                sums.share("answered_5", "answered"),
            ],
            rows: String::new(),
        })
        .collect();
    view.series = vec![bars("Messages by channel", &rows, 0)];
    let columns = vec![
        column("Messages", "count"),
        column("By Recoup", "count"),
        column("By people", "count"),
        column("Mean wait", "seconds"),
        column("Within 5 minutes", "share"),
    ];
    view.table = AnalyticsTable { of: "Channel".to_owned(), columns, rows };
    Ok(())
}
