//! The daily series that are judged, read from the daily sums.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use kernel::db::OrgTx;
use stats::detect::Kind;
use uuid::Uuid;

use crate::metrics::{self, Metric, Shown};

/// Days that are read: half a year to learn from, and the same half a year before.
pub(super) const DAYS: u64 = 570;

/// Every watched metric's series up to a day, one value a day; the last is that day's.
pub(super) struct Series {
    /// The first day.
    pub from: NaiveDate,
    /// By metric.
    pub values: BTreeMap<&'static str, Vec<Option<f64>>>,
}

/// The metrics anomalies are looked for in.
pub(super) fn watched() -> impl Iterator<Item = &'static Metric> {
    metrics::ALL.iter().filter(|metric| metric.watched)
}

/// How a metric's numbers are judged.
pub(super) fn kind(metric: &Metric) -> Kind {
    match metric.shown {
        Shown::Count => Kind::Count,
        Shown::Money => Kind::Amount,
        Shown::MeanSeconds | Shown::MeanMicro | Shown::MeanHundredths | Shown::Share(_) => Kind::Ratio,
    }
}

impl Series {
    /// Reads them, of one place or of all. From a metric's first day on, a day without events is nought of a count or an amount,
    /// and a gap of a mean or a share.
    pub(super) async fn read(tx: &mut OrgTx, place: Option<Uuid>, day: NaiveDate) -> Result<Self, sqlx::Error> {
        let from = day - Days::new(DAYS - 1);
        let names: Vec<&str> = watched()
            .flat_map(|metric| match metric.shown {
                Shown::Share(of) => vec![metric.name, of],
                _ => vec![metric.name],
            })
            .collect();
        let rows: Vec<(String, NaiveDate, i64, i64)> = sqlx::query_as(
            "select metric, day, sum(n)::bigint, sum(amount)::bigint from daily_metrics \
             where org_id = $1 and metric = any($2) and day between $3 and $4 and ($5::uuid is null or location_id = $5) \
             group by metric, day",
        )
        .bind(tx.org())
        .bind(names)
        .bind(from)
        .bind(day)
        .bind(place)
        .fetch_all(tx.conn())
        .await?;
        let mut sums: HashMap<(String, NaiveDate), (i64, i64)> = HashMap::new();
        let mut first: HashMap<String, NaiveDate> = HashMap::new();
        for (metric, on, n, amount) in rows {
            first.entry(metric.clone()).and_modify(|day| *day = (*day).min(on)).or_insert(on);
            sums.insert((metric, on), (n, amount));
        }
        let values = watched()
            .filter_map(|metric| {
                let begins = *first.get(metric.name)?;
                let one = |on: NaiveDate| {
                    let of = |name: &str| sums.get(&(name.to_owned(), on)).copied().unwrap_or_default();
                    let (n, amount) = of(metric.name);
                    let whole = if let Shown::Share(whole) = metric.shown { of(whole).0 } else { 0 };
                    if on < begins { None } else { metric.figure(n, amount, whole) }
                };
                Some((metric.name, from.iter_days().take(DAYS as usize).map(one).collect()))
            })
            .collect();
        Ok(Self { from, values })
    }
}

/// What a place or source did on a day against its four same weekdays before.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Part {
    pub location_id: Uuid,
    pub source: String,
    pub n: i64,
    pub amount: i64,
    /// Sums of the four days.
    pub n_before: i64,
    pub amount_before: i64,
}

/// The parts of a metric on a day, by place and source.
pub(super) async fn parts(
    tx: &mut OrgTx,
    metric: &str,
    place: Option<Uuid>,
    day: NaiveDate,
) -> Result<Vec<Part>, sqlx::Error> {
    let before: Vec<NaiveDate> = (1..=4).map(|weeks| day - Days::new(7 * weeks)).collect();
    sqlx::query_as(
        "select location_id, source, coalesce(sum(n) filter (where day = $3), 0)::bigint as n, \
           coalesce(sum(amount) filter (where day = $3), 0)::bigint as amount, \
           coalesce(sum(n) filter (where day <> $3), 0)::bigint as n_before, \
           coalesce(sum(amount) filter (where day <> $3), 0)::bigint as amount_before \
         from daily_metrics where org_id = $1 and metric = $2 and (day = $3 or day = any($4)) \
           and ($5::uuid is null or location_id = $5) group by location_id, source order by location_id, source",
    )
    .bind(tx.org())
    .bind(metric)
    .bind(day)
    .bind(before)
    .bind(place)
    .fetch_all(tx.conn())
    .await
}
