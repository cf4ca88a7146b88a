//! What an organisation measures of itself, as the site holds it against the answers of an audit.

use async_trait::async_trait;
use kernel::db::OrgTx;
use revenue::measured::{Measure, Measures, read};
use shell::Tab;
use site::ports::{Figure, Figures, Measured};

/// The revenue room's figures.
pub struct MeasuredFigures;

#[async_trait]
impl Measured for MeasuredFigures {
    async fn figures(&self, tx: &mut OrgTx) -> anyhow::Result<Figures> {
        let Measures {
            answer_minutes,
            unanswered_percent,
            no_show_percent,
            followed_up_percent,
            reviews_answered_percent,
        } = read(tx).await?;
        Ok(Figures {
            answer_minutes: figure(answer_minutes, "/revenue/scores/response_velocity"),
            missed_percent: figure(unanswered_percent, "/revenue/scores/response_velocity"),
            no_show_percent: figure(no_show_percent, "/revenue/scores/lead_leakage"),
            followed_up_percent: figure(followed_up_percent, "/revenue/scores/lead_leakage"),
            reviews_answered_percent: figure(reviews_answered_percent, "/revenue/scores/competitive_visibility"),
        })
    }

    fn tabs(&self, here: &str) -> Vec<Tab> {
        revenue::tabs(here)
    }
}

fn figure(measure: Measure, href: &'static str) -> Figure {
    let Measure { value, cases, how, from, to } = measure;
    Figure { value, cases, how, from, to, href }
}
