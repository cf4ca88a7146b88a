//! What plays brought in, as far as their holdouts can say.

use advisor::{Asked, Citation, Found, Tool};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::db::OrgTx;
use revenue::brief::{self, ReadOut};
use revenue::read;
use serde_json::{Value, json};

use super::words;

/// The tool.
pub(super) struct Plays;

#[async_trait]
impl Tool for Plays {
    fn name(&self) -> &'static str {
        "plays"
    }

    fn description(&self) -> &'static str {
        "What each recovery play brought in since it began, above its holdout: incremental revenue with its 95 % interval, or that too \
         little is known. Only where the whole interval lies above zero may an increase be claimed."
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "play",
            "experiment",
            "holdout",
            "held back",
            "incremental",
            "won back",
            "win back",
            "text back",
            "campaign",
            "recover",
        ]
    }

    async fn call(&self, tx: &mut OrgTx, asked: &Asked) -> anyhow::Result<Found> {
        let place = words::place(tx, asked.location.as_deref(), &asked.question).await?;
        let currency = read::currency(tx).await?;
        // A reading takes everybody who was enrolled: a part of them would be picked by whoever asks.
        let span = (DateTime::<Utc>::UNIX_EPOCH, asked.now + TimeDelta::days(1));
        let told = brief::read_outs(tx, words::id_of(place.as_ref()), span).await?;
        let whole = |minor: i64| words::whole(minor as f64, currency);
        let plays: Vec<Value> = told
            .iter()
            .map(|one| {
                json!({
                    "play": one.play.title(), "leads_treated": one.treated, "leads_held_back": one.held,
                    "incremental_revenue": one.incremental_minor.map(whole),
                    "interval": one.interval_minor.map(|(low, high)| json!({"percent": 95, "low": whole(low), "high": whole(high)})),
                    "an_increase_may_be_claimed": is_increase(one), "reading": one.sentence,
                })
            })
            .collect();
        let at = words::at(place.as_ref());
        let mut found = Found {
            data: json!({"currency": currency.code(), "place": place.as_ref().map(|place| &place.name), "plays": plays}),
            ..Found::default()
        };
        if told.is_empty() {
            found
                .sentences
                .push(format!("No play has met a lead{at} yet, so nothing is known of what plays bring in."));
        }
        for one in &told {
            found.sentences.push(format!("{}{at}: {}", one.play.title(), one.sentence));
            found.citations.push(Citation {
                title: format!("{}: its experiment", one.play.title()),
                href: format!("/revenue/plays/{}", one.play.as_str()),
            });
        }
        if found.citations.is_empty() {
            found.citations.push(Citation { title: "Plays".to_owned(), href: "/revenue/plays".to_owned() });
        }
        Ok(found)
    }
}

/// Whether the whole interval lies above zero.
fn is_increase(one: &ReadOut) -> bool {
    one.interval_minor.is_some_and(|(low, _)| low > 0)
}
