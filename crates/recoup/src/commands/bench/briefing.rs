//! The briefing as PDF, from the figures of 90 days to the last byte, and the memory of the process that makes it.

use std::time::Instant;

use chrono::NaiveDate;
use kernel::config::Config;
use kernel::ids::OrgId;
use recoup::figures::RevenueFigures;

use super::measured::{Samples, say};
use super::memory::peak_mb;
use super::place::Place;

/// How often.
#[derive(clap::Args)]
pub struct Briefing {
    /// Briefings made.
    #[arg(long, default_value_t = 50)]
    rounds: usize,
}

impl Briefing {
    /// Makes the same briefing again and again; every one must have the same bytes.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let place = Place::new(config, "briefing").await?;
        let org = place.organisation("Northwind Dental").await?;
        let today = place.kernel.clock.now().date_naive();
        furnish(&place, org, today).await?;
        let figures = RevenueFigures::new(crate::rooms::people(&place.kernel));
        let (mut took, mut first) = (Vec::with_capacity(self.rounds), Vec::new());
        for _ in 0..self.rounds.max(1) {
            let begun = Instant::now();
            let mut tx = place.kernel.db.begin(org).await?;
            let pdf = reports::briefing_pdf(&mut tx, &figures, today).await?;
            took.push(begun.elapsed());
            anyhow::ensure!(first.is_empty() || first == pdf, "the same figures gave other bytes");
            first = pdf;
        }
        Samples::new(took).say("briefing_pdf");
        say("briefing_pdf_kb", format!("{:.1}", first.len() as f64 / 1024.0));
        say("briefing_pdf_peak_memory_mb", peak_mb()?);
        place.close().await
    }
}

/// Ninety days of sums of every metric by three sources, and of every score.
async fn furnish(place: &Place, org: OrgId, today: NaiveDate) -> anyhow::Result<()> {
    let mut tx = place.kernel.db.begin(org).await?;
    let metrics: Vec<&str> = revenue::read::METRICS.iter().map(|metric| metric.name).collect();
    sqlx::query(
        "insert into daily_metrics (org_id, day, source, metric, n, amount) \
         select $1, $2 - back, source, metric, 5 + (back * 7 + length(source)) % 11, 1000 * (1 + (back * 13) % 17) \
         from generate_series(1, 90) back, unnest(array['whatsapp', 'google_ads', 'csv']) source, unnest($3::text[]) metric",
    )
    .bind(org)
    .bind(today)
    .bind(metrics)
    .execute(tx.conn())
    .await?;
    let scores: Vec<&str> = revenue::read::ScoreType::ALL.iter().map(|score| score.as_str()).collect();
    sqlx::query(
        "insert into scores (org_id, type, day, value, unit, low, base, high, coverage, version, detail, calculated_at) \
         select $1, type, $2 - back, v, 'points', v * 0.8, v, v * 1.2, 0.9, 1, jsonb_build_object('type', type, 'value', v, \
           'unit', 'points', 'low', v * 0.8, 'base', v, 'high', v * 1.2, 'components', '[]'::jsonb, 'beside', '[]'::jsonb, \
           'coverage', 0.9, 'version', 1, 'calculated_at', $4), $4 \
         from generate_series(1, 90) back, unnest($3::text[]) type, lateral (select (40 + (back * 3) % 50)::float8 v) x",
    )
    .bind(org)
    .bind(today)
    .bind(scores)
    .bind(place.kernel.clock.now())
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(())
}
