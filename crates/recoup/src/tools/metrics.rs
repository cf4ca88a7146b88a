//! Daily metrics: answers, calls, money, demand. Each tool is a few metrics and the words that ask for them.

use advisor::{Asked, Chart, Citation, Found, Tool};
use async_trait::async_trait;
use chrono::TimeDelta;
use kernel::db::OrgTx;
use kernel::money::Currency;
use revenue::read::Shown;
use revenue::read::{self, By, Daily, Group, Metric, Sum};
use serde_json::{Value, json};

use super::words;

/// How fast people are answered.
pub(super) struct Replies;
/// Calls.
pub(super) struct Calls;
/// Money.
pub(super) struct Money;
/// Leads and bookings.
pub(super) struct Demand;

/// A tool over metrics.
macro_rules! metric_tool {
    ($tool:ident, $name:literal, $about:literal, $words:expr, $metrics:expr, $href:literal) => {
        #[async_trait]
        impl Tool for $tool {
            fn name(&self) -> &'static str {
                $name
            }

            fn description(&self) -> &'static str {
                $about
            }

            fn words(&self) -> &'static [&'static str] {
                $words
            }

            async fn call(&self, tx: &mut OrgTx, asked: &Asked) -> anyhow::Result<Found> {
                look(tx, asked, $metrics, $href).await
            }
        }
    };
}

metric_tool!(
    Replies,
    "response_times",
    "How fast leads got their first meaningful answer in a period, and the period before.",
    &["respon", "reply", "replies", "answer", "how fast", "wait", "slow", "quick", "speed"],
    &["answered", "answered_5", "answered_60", "velocity"],
    "/analytics/response"
);
metric_tool!(
    Calls,
    "calls",
    "Calls that came in, missed calls and calls made in a period, and the period before.",
    &["call", "phone", "telephone", "rang", "voicemail"],
    &["calls", "missed_calls", "calls_out"],
    "/revenue/scores/lead_leakage/rows?stage=answer"
);
metric_tool!(
    Money,
    "revenue",
    "Revenue, refunds, payments and advertising spend in a period, and the period before.",
    &[
        "revenue", "money", "paid", "payment", "refund", "sales", "earn", "income", "turnover", "advert", "spend",
        " ads"
    ],
    &["revenue", "payments", "refunds", "ad_spend"],
    "/analytics"
);
metric_tool!(
    Demand,
    "leads_and_bookings",
    "Leads, quotes, bookings, no-shows, visits and reviews in a period, and the period before.",
    &["lead", "booking", "booked", "appointment", "visit", "review", "rating", "quote", "enquir", "inquir", "no show"],
    &["leads", "quotes", "bookings", "no_shows", "visits", "reviews"],
    "/analytics/funnel"
);

async fn look(tx: &mut OrgTx, asked: &Asked, names: &[&str], href: &str) -> anyhow::Result<Found> {
    let place = words::place(tx, asked.location.as_deref(), &asked.question).await?;
    let location = words::id_of(place.as_ref());
    let currency = read::currency(tx).await?;
    let length = (asked.to - asked.from).num_days() + 1;
    let before = (asked.from - TimeDelta::days(length), asked.from - TimeDelta::days(1));
    // Shares are of another metric, which is read with them.
    let metrics: Vec<&Metric> = names.iter().filter_map(|name| Metric::named(name)).collect();
    let mut wanted: Vec<String> = metrics.iter().map(|metric| metric.name.to_owned()).collect();
    wanted.extend(metrics.iter().filter_map(|metric| match metric.shown {
        Shown::Share(of) => Some(of.to_owned()),
        _ => None,
    }));
    let daily =
        |from, to, group| Daily { metrics: wanted.clone(), from, to, group, by: By::None, location, source: None };
    let now = read::daily(tx, &daily(asked.from, asked.to, Group::Total)).await?;
    let then = read::daily(tx, &daily(before.0, before.1, Group::Total)).await?;
    let mut found = Found::default();
    let mut told = Vec::new();
    for metric in &metrics {
        let (value, was) = (figure(metric, &now), figure(metric, &then));
        let (Some(shown), value) = (value.map(|value| in_units(metric, value, currency)), value) else {
            told.push(json!({"metric": metric.title, "value": null, "note": "insufficient data"}));
            continue;
        };
        told.push(json!({"metric": metric.title, "value": shown, "unit": unit(metric, currency),
            "period_before": was.map(|was| in_units(metric, was, currency)), "better": metric.higher_is_better.map(|higher| if higher { "higher" } else { "lower" })}));
        let value = value.unwrap_or_default();
        if value > 0.0 || was.is_some_and(|was| was > 0.0) {
            found.sentences.push(format!(
                "{}: {}{}.",
                metric.title,
                said(metric, value, currency),
                words::moved(value, was)
            ));
        }
    }
    found.data = json!({
        "from": asked.from, "to": asked.to, "compared_with": {"from": before.0, "to": before.1},
        "place": place.as_ref().map(|place| &place.name), "metrics": told,
    });
    let span = format!("{} to {}{}", words::day(asked.from), words::day(asked.to), words::at(place.as_ref()));
    if found.sentences.is_empty() {
        found.sentences.push(format!("Nothing of this was measured from {span}."));
    } else {
        found.sentences[0].insert_str(0, &format!("From {span}: "));
    }
    if let Some(first) = metrics.first()
        && length > 1
    {
        let days = read::daily(tx, &daily(asked.from, asked.to, Group::Day)).await?;
        found.chart = Some(line(first, &days, asked, currency));
    }
    let join = if href.contains('?') { '&' } else { '?' };
    found.citations.push(Citation {
        title: format!("The rows, {span}"),
        href: format!("{href}{join}from={}&to={}", asked.from, asked.to),
    });
    Ok(found)
}

fn figure(metric: &Metric, sums: &[Sum]) -> Option<f64> {
    let of = |name: &str| sums.iter().find(|sum| sum.metric == name).map_or((0, 0), |sum| (sum.n, sum.amount));
    let (n, amount) = of(metric.name);
    let whole = match metric.shown {
        Shown::Share(name) => of(name).0,
        _ => 0,
    };
    metric.figure(n, amount, whole)
}

fn in_units(metric: &Metric, value: f64, currency: Currency) -> Value {
    match metric.shown {
        Shown::Money => json!(words::whole(value, currency)),
        Shown::Share(_) => json!((value * 1000.0).round() / 1000.0),
        _ => json!((value * 10.0).round() / 10.0),
    }
}

fn unit<'a>(metric: &Metric, currency: Currency) -> std::borrow::Cow<'a, str> {
    match metric.shown {
        Shown::Money => currency.code().to_owned().into(),
        _ => metric.unit().into(),
    }
}

fn said(metric: &Metric, value: f64, currency: Currency) -> String {
    match metric.shown {
        Shown::Count => words::count(value as i64),
        Shown::Money => words::money(value, currency),
        Shown::MeanSeconds => words::wait(value),
        Shown::MeanMicro => format!("{value:.0} of 100"),
        Shown::MeanHundredths => format!("{value:.1} stars"),
        Shown::Share(_) => words::percent(value),
    }
}

fn line(metric: &Metric, days: &[Sum], asked: &Asked, currency: Currency) -> Chart {
    let all: Vec<_> = asked.from.iter_days().take_while(|day| *day <= asked.to).collect();
    let value = |day| {
        let of: Vec<Sum> = days.iter().filter(|sum| sum.day == day).cloned().collect();
        figure(metric, &of).and_then(|value| in_units(metric, value, currency).as_f64())
    };
    Chart {
        title: metric.title.to_owned(),
        unit: unit(metric, currency).into_owned(),
        labels: all.iter().map(|day| day.format("%b %-d").to_string()).collect(),
        values: all.iter().map(|day| value(*day)).collect(),
    }
}
