//! Where leads are lost.

use advisor::{Asked, Citation, Found, Tool};
use async_trait::async_trait;
use kernel::db::OrgTx;
use revenue::read::{self, By, Daily, Group};
use serde_json::{Value, json};

use super::words;

/// The stages, and how a sentence says them.
const STAGES: [(&str, &str); 6] = [
    ("answer", "calls nobody answered or returned"),
    ("respond", "messages and forms without an answer in time"),
    ("reach", "people who were never reached"),
    ("book", "quotes that were not followed up"),
    ("show", "no-shows and cancellations that were not booked again"),
    ("pay", "bookings that were not paid"),
];

/// The tool.
pub(super) struct Losses;

#[async_trait]
impl Tool for Losses {
    fn name(&self) -> &'static str {
        "lost_leads"
    }

    fn description(&self) -> &'static str {
        "Leads that arrived in a period and leaked, by the stage where they were lost, with their known value."
    }

    fn words(&self) -> &'static [&'static str] {
        &["lose", "lost", "losing", "leak", "where do we", "no show", "missed lead", "funnel", "drop"]
    }

    async fn call(&self, tx: &mut OrgTx, asked: &Asked) -> anyhow::Result<Found> {
        let place = words::place(tx, asked.location.as_deref(), &asked.question).await?;
        let currency = read::currency(tx).await?;
        let mut metrics = vec!["leads".to_owned(), "leaked".to_owned(), "returned".to_owned()];
        metrics.extend(STAGES.iter().map(|(stage, _)| format!("leaked:{stage}")));
        let days = Daily {
            metrics,
            from: asked.from,
            to: asked.to,
            group: Group::Total,
            by: By::None,
            location: words::id_of(place.as_ref()),
            source: None,
        };
        let sums = read::daily(tx, &days).await?;
        let of = |metric: &str| sums.iter().find(|sum| sum.metric == metric).map_or((0, 0), |sum| (sum.n, sum.amount));
        let (leads, (leaked, value)) = (of("leads").0, of("leaked"));
        let at = words::at(place.as_ref());
        let mut stages: Vec<(&str, &str, i64, i64)> = STAGES
            .iter()
            .map(|(stage, said)| {
                let (n, value) = of(&format!("leaked:{stage}"));
                (*stage, *said, n, value)
            })
            .filter(|(_, _, n, _)| *n > 0)
            .collect();
        stages.sort_by_key(|(_, _, n, _)| std::cmp::Reverse(*n));
        let mut found = Found {
            data: json!({
                "from": asked.from, "to": asked.to, "leads": leads, "leaked": leaked, "currency": currency.code(),
                "known_value": words::whole(value as f64, currency), "came_back_unaided": of("returned").0,
                "stages": stages.iter().map(|(stage, said, n, value)| json!({
                    "stage": stage, "means": said, "leads": n, "known_value": words::whole(*value as f64, currency)})).collect::<Vec<Value>>(),
            }),
            ..Found::default()
        };
        if leads == 0 {
            found.sentences.push(format!(
                "No lead arrived{at} between {} and {}.",
                words::day(asked.from),
                words::day(asked.to)
            ));
            return Ok(found);
        }
        let share = leaked as f64 / leads as f64;
        found.data["share_leaked"] = json!((share * 1000.0).round() / 1000.0);
        found.sentences.push(format!(
            "Of {} leads that arrived{at} between {} and {}, {} leaked ({}).",
            words::count(leads),
            words::day(asked.from),
            words::day(asked.to),
            words::count(leaked),
            words::percent(share)
        ));
        if let Some((stage, said, n, _)) = stages.first() {
            found.sentences.push(format!("Most are {said}: {}.", words::count(*n)));
            found.citations.push(Citation {
                title: format!("{} leads: {said}", words::count(*n)),
                href: format!("/revenue/scores/lead_leakage/rows?stage={stage}"),
            });
        }
        found
            .citations
            .push(Citation { title: "Lead leakage".to_owned(), href: "/revenue/scores/lead_leakage".to_owned() });
        Ok(found)
    }
}
