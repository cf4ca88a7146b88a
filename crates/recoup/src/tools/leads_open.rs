//! Leads that are open now.

use advisor::{Action, Asked, Citation, Found, Tool};
use async_trait::async_trait;
use kernel::db::OrgTx;
use serde_json::json;

use super::words;

/// The tool.
pub(super) struct OpenLeads;

#[async_trait]
impl Tool for OpenLeads {
    fn name(&self) -> &'static str {
        "open_leads"
    }

    fn description(&self) -> &'static str {
        "How many leads are open now, by temperature (HOT, WARM, COLD) and by stage."
    }

    fn words(&self) -> &'static [&'static str] {
        &["open lead", "hot", "warm", "cold", "pipeline", "stage", "today", "do first"]
    }

    async fn call(&self, tx: &mut OrgTx, asked: &Asked) -> anyhow::Result<Found> {
        let stats = leads::stats(tx, asked.now).await?;
        let of = |tag: &str| stats.by_tag.get(tag).copied().unwrap_or_default();
        let (hot, warm, cold) = (of("HOT"), of("WARM"), of("COLD"));
        let sentence = format!(
            "{} leads are open: {} hot, {} warm, {} cold; {} came in the last seven days.",
            words::count(stats.open),
            words::count(hot),
            words::count(warm),
            words::count(cold),
            words::count(stats.new_7_days)
        );
        let mut found = Found {
            data: json!({"open": stats.open, "hot": hot, "warm": warm, "cold": cold, "by_stage": stats.by_stage,
                "new_today": stats.new_today, "new_in_7_days": stats.new_7_days, "days": 7}),
            sentences: vec![sentence],
            citations: vec![Citation {
                title: format!("{} open leads", words::count(stats.open)),
                href: "/leads".to_owned(),
            }],
            ..Found::default()
        };
        if hot > 0 {
            found.actions.push(Action {
                title: "Call the hot leads".to_owned(),
                reason: format!("{} leads are hot and open.", words::count(hot)),
                expected_value: None,
                href: "/leads?tag=HOT".to_owned(),
            });
        }
        Ok(found)
    }
}
