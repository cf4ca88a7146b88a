//! The places of business beside each other.

use advisor::{Asked, Citation, Found, Tool};
use async_trait::async_trait;
use kernel::db::OrgTx;
use revenue::read::{self, ScoreType};
use serde_json::{Value, json};

use super::words;

/// The tool.
pub(super) struct Places;

#[async_trait]
impl Tool for Places {
    fn name(&self) -> &'static str {
        "locations"
    }

    fn description(&self) -> &'static str {
        "Each place of business with its revenue at risk, lead leakage and response velocity, the most at risk first."
    }

    fn words(&self) -> &'static [&'static str] {
        &["location", "place", "branch", "clinic", "shop", "store", "site", "which of our"]
    }

    async fn call(&self, tx: &mut OrgTx, _asked: &Asked) -> anyhow::Result<Found> {
        let currency = read::currency(tx).await?;
        let places = read::locations(tx).await?;
        let scores = read::stored_everywhere(tx).await?;
        let of = |place: &read::Location, kind: ScoreType| {
            scores
                .iter()
                .find(|score| score.location_id == Some(place.id) && score.kind == kind)
                .and_then(|score| score.value)
        };
        let mut rows: Vec<(&read::Location, Option<f64>, Option<f64>, Option<f64>)> = places
            .iter()
            .map(|place| {
                let risk = of(place, ScoreType::RevenueAtRisk);
                (place, risk, of(place, ScoreType::LeadLeakage), of(place, ScoreType::ResponseVelocity))
            })
            .collect();
        rows.sort_by(|a, b| b.1.unwrap_or(-1.0).total_cmp(&a.1.unwrap_or(-1.0)));
        let data: Vec<Value> = rows
            .iter()
            .map(|(place, risk, leakage, velocity)| {
                json!({"place": place.name, "revenue_at_risk_a_month": risk.map(|risk| words::whole(risk, currency)),
                    "lead_leakage": leakage.map(f64::round), "response_velocity": velocity.map(f64::round)})
            })
            .collect();
        let mut found = Found {
            data: json!({"currency": currency.code(), "places": data}),
            citations: vec![Citation { title: "All places".to_owned(), href: "/revenue/locations".to_owned() }],
            ..Found::default()
        };
        found.sentences.push(match rows.as_slice() {
            [] => "No place of business is known yet.".to_owned(),
            [(place, Some(risk), ..), ..] => format!(
                "Of {} places, {} has most at risk: {} a month.",
                words::count(rows.len() as i64),
                place.name,
                words::money(*risk, currency)
            ),
            _ => format!(
                "{} places are known; none has enough data for revenue at risk.",
                words::count(rows.len() as i64)
            ),
        });
        Ok(found)
    }
}
