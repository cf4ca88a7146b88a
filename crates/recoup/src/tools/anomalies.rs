//! What is out of the ordinary and nobody has looked at.

use advisor::{Asked, Citation, Found, Tool};
use async_trait::async_trait;
use kernel::db::OrgTx;
use revenue::{brief, read};
use serde_json::{Value, json};

use super::words;

/// How many are told.
const SAID: usize = 3;

/// The tool.
pub(super) struct Anomalies;

#[async_trait]
impl Tool for Anomalies {
    fn name(&self) -> &'static str {
        "anomalies"
    }

    fn description(&self) -> &'static str {
        "Daily figures that were out of the ordinary for their season and that nobody has acknowledged or muted yet, the newest first: \
         what was measured, what was expected, what would have been usual."
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "anomal",
            "unusual",
            "strange",
            "odd",
            "out of the ordinary",
            "spike",
            "alert",
            "what changed",
            "what happened",
            "go wrong",
        ]
    }

    async fn call(&self, tx: &mut OrgTx, asked: &Asked) -> anyhow::Result<Found> {
        let place = words::place(tx, asked.location.as_deref(), &asked.question).await?;
        // Where there is one place alone, the whole organisation is watched in its stead.
        let location = if read::locations(tx).await?.len() > 1 { words::id_of(place.as_ref()) } else { None };
        let open = brief::open_anomalies(tx, location).await?;
        let at = words::at(place.as_ref());
        let rows: Vec<Value> = open
            .iter()
            .map(|one| json!({"last_day": one.last_day, "what": one.sentence, "good_news": one.good}))
            .collect();
        let mut found = Found {
            data: json!({"place": place.as_ref().map(|place| &place.name), "open": rows.len(), "anomalies": rows}),
            ..Found::default()
        };
        if open.is_empty() {
            found.sentences.push(format!("Nothing out of the ordinary is open{at}."));
        }
        if open.len() > SAID {
            found.sentences.push(format!(
                "{} figures out of the ordinary are open{at}; the newest follow.",
                words::count(open.len() as i64)
            ));
        }
        for one in open.iter().take(SAID) {
            found.sentences.push(one.sentence.clone());
            let title = format!("What was seen on {}", one.last_day);
            found.citations.push(Citation { title, href: format!("/revenue/anomalies/{}", one.id) });
        }
        if found.citations.is_empty() || open.len() > SAID {
            let href = "/revenue/anomalies?state=open".to_owned();
            found.citations.push(Citation { title: "Open anomalies".to_owned(), href });
        }
        Ok(found)
    }
}
