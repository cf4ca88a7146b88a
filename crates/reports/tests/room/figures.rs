//! Figures read from the tables that hold them, as the wiring of the product reads them.

use async_trait::async_trait;
use chrono::NaiveDate;
use kernel::db::OrgTx;
use kernel::ids::LocationId;
use reports::figures::{
    Action, Ask, Component, LeakStage, Leaks, Metric, Place, Reading, Score, ScoreDay, Split, Sum, Unit,
};
use reports::period::Period;
use uuid::Uuid;

/// The tables.
pub(crate) struct Tables;

const SCORES: [(&str, &str, Unit, bool); 2] = [
    ("revenue_at_risk", "Revenue at risk", Unit::Money, false),
    ("response_velocity", "Response velocity", Unit::Points, true),
];

fn id(place: Option<LocationId>) -> Uuid {
    place.map_or_else(Uuid::nil, LocationId::uuid)
}

#[async_trait]
impl reports::Figures for Tables {
    async fn currency(&self, _tx: &mut OrgTx) -> anyhow::Result<String> {
        Ok("EUR".to_owned())
    }

    fn metrics(&self) -> Vec<Metric> {
        let metric = |key: &str, name: &str, reading, unit, better| Metric {
            key: key.to_owned(),
            name: name.to_owned(),
            reading,
            unit,
            better,
        };
        vec![
            metric("leads", "Leads", Reading::Number, Unit::Count, Some(true)),
            metric("revenue", "Revenue", Reading::Sum, Unit::Money, Some(true)),
            metric("answered", "Time to first answer", Reading::Mean, Unit::Seconds, Some(false)),
            metric("booked", "Booked", Reading::ShareOf("leads".to_owned()), Unit::Share, Some(true)),
        ]
    }

    async fn places(&self, tx: &mut OrgTx) -> anyhow::Result<Vec<Place>> {
        let rows: Vec<(LocationId, String)> =
            sqlx::query_as("select id, name from locations where org_id = $1 order by name")
                .bind(tx.org())
                .fetch_all(tx.conn())
                .await?;
        Ok(rows.into_iter().map(|(id, name)| Place { id, name }).collect())
    }

    async fn scores(&self, tx: &mut OrgTx, day: NaiveDate, place: Option<LocationId>) -> anyhow::Result<Vec<Score>> {
        let mut scores = Vec::new();
        for (kind, name, unit, better) in SCORES {
            let row: Option<(NaiveDate, Option<f64>, Option<f64>, Option<f64>, f64)> = sqlx::query_as(
                "select day, value, low, high, coverage from scores where org_id = $1 and location_id = $2 and type = $3 and day <= $4 \
                 order by day desc limit 1",
            )
            .bind(tx.org())
            .bind(id(place))
            .bind(kind)
            .bind(day)
            .fetch_optional(tx.conn())
            .await?;
            scores.extend(row.map(|(day, value, low, high, coverage)| {
                Score {
                    kind: kind.to_owned(),
                    name: name.to_owned(),
                    unit,
                    better,
                    value,
                    range: low.zip(high),
                    coverage: Some(coverage),
                    day,
                    components: value
                        .map(|value| Component { name: "Slow answers".to_owned(), value: value / 2.0 })
                        .into_iter()
                        .collect(),
                    missing: if value.is_none() { "Fewer than five leads arrived.".to_owned() } else { String::new() },
                    lever: None,
                }
            }));
        }
        Ok(scores)
    }

    async fn history(
        &self,
        tx: &mut OrgTx,
        period: Period,
        place: Option<LocationId>,
    ) -> anyhow::Result<Vec<ScoreDay>> {
        let rows: Vec<(String, NaiveDate, Option<f64>)> = sqlx::query_as(
            "select type, day, value from scores where org_id = $1 and location_id = $2 and day between $3 and $4 order by type, day",
        )
        .bind(tx.org())
        .bind(id(place))
        .bind(period.from)
        .bind(period.to)
        .fetch_all(tx.conn())
        .await?;
        Ok(rows.into_iter().map(|(kind, day, value)| ScoreDay { kind, day, value }).collect())
    }

    async fn sums(&self, tx: &mut OrgTx, ask: &Ask) -> anyhow::Result<Vec<Sum>> {
        let rows: Vec<(NaiveDate, Uuid, String, String, i64, i64)> = sqlx::query_as(
            "select day, location_id, source, metric, n, amount from daily_metrics \
             where org_id = $1 and metric = any($2) and day between $3 and $4 and ($5::text is null or source = $5) \
               and ($6::uuid is null or location_id = $6) order by day, source",
        )
        .bind(tx.org())
        .bind(&ask.metrics)
        .bind(ask.period.from)
        .bind(ask.period.to)
        .bind(&ask.source)
        .bind(ask.place)
        .fetch_all(tx.conn())
        .await?;
        let key = |place: Uuid, source: String| match ask.split {
            Split::Whole => String::new(),
            Split::Source => source,
            Split::Place if place.is_nil() => String::new(),
            Split::Place => LocationId::from_uuid(place).to_string(),
        };
        Ok(rows
            .into_iter()
            .map(|(day, place, source, metric, n, amount)| Sum { day, key: key(place, source), metric, n, amount })
            .collect())
    }

    async fn leaks(
        &self,
        tx: &mut OrgTx,
        period: Period,
        _place: Option<LocationId>,
        _most: i64,
    ) -> anyhow::Result<Leaks> {
        let (leads, value): (i64, i64) = sqlx::query_as(
            "select coalesce(sum(n), 0)::bigint, coalesce(sum(amount), 0)::bigint from daily_metrics \
             where org_id = $1 and metric = 'leaked:respond' and day between $2 and $3",
        )
        .bind(tx.org())
        .bind(period.from)
        .bind(period.to)
        .fetch_one(tx.conn())
        .await?;
        let name = "Messages without an answer in time".to_owned();
        Ok(Leaks { stages: vec![LeakStage { name, leads, value: Some(value) }], rows: Vec::new() })
    }

    async fn actions(&self, tx: &mut OrgTx, day: NaiveDate, _place: Option<LocationId>) -> anyhow::Result<Vec<Action>> {
        let leaks = self.leaks(tx, Period::ending(day, 7), None, 0).await?;
        let leads = leaks.stages.iter().map(|stage| stage.leads).sum::<i64>();
        let action = Action {
            title: "Answer the leads that wait".to_owned(),
            why: format!("{leads} of them had no answer in time."),
            expected: leaks.stages[0].value,
            href: "/leads".to_owned(),
        };
        Ok(if leads > 0 { vec![action] } else { Vec::new() })
    }
}
