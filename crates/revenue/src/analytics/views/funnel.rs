//! The view of how far leads come.

use kernel::db::OrgTx;
use shell::AppError;

use super::parts::{both, figure, of_source, rows};
use super::{
    AnalyticsColumn, AnalyticsFigure, AnalyticsPoint, AnalyticsRow, AnalyticsSeries, AnalyticsShape, AnalyticsTable,
    AnalyticsView, column,
};
use crate::analytics::period::Period;
use crate::analytics::store::{self, Sums};
use crate::metrics as m;

pub(super) async fn funnel(tx: &mut OrgTx, period: &Period, view: &mut AnalyticsView) -> Result<(), AppError> {
    let steps = [m::LEADS, m::ANSWERED, m::REACHED, m::QUOTED, m::BOOKED, m::PAID];
    let names = ["Leads", "Answered", "Reached", "Quoted", "Booked", "Paid"];
    let more =
        ["", "waited=0-9223372036854775807", "reached=reached", "reached=quoted", "reached=booked", "reached=paid"];
    let metrics = [m::LEADS, m::ANSWERED, m::REACHED, m::QUOTED, m::BOOKED, m::PAID, m::LEAKED];
    let (now, before) = both(tx, period, &metrics).await?;
    let (all, was) = (store::together(now.values()), store::together(before.values()));
    let compared = period.before.map(|_| &was);
    view.figures = steps
        .iter()
        .zip(names)
        .zip(more)
        .map(|((step, name), more)| AnalyticsFigure {
            key: (*step).to_owned(),
            title: name.to_owned(),
            value: Some(all.n(step) as f64),
            unit: "count".to_owned(),
            previous: compared.map(|was| was.n(step) as f64),
            higher_is_better: Some(true),
            rows: rows(period, more),
        })
        .chain([figure(m::LEAKED, &all, compared, rows(period, "stage=any"))])
        .collect();
    view.series = vec![AnalyticsSeries {
        title: "How far leads come".to_owned(),
        unit: "count".to_owned(),
        shape: AnalyticsShape::Bars,
        points: view.figures[..steps.len()]
            .iter()
            .map(|figure| AnalyticsPoint {
                label: figure.title.clone(),
                value: figure.value,
                previous: figure.previous,
                rows: figure.rows.clone(),
            })
            .collect(),
    }];
    let sources = store::by_source(tx, period, &metrics).await?;
    let mut columns: Vec<AnalyticsColumn> = names.iter().map(|name| column(name, "count")).collect();
    columns.push(column("Leads to paid", "share"));
    let of = |(source, sums): (String, Sums)| {
        let mut cells: Vec<Option<f64>> = steps.iter().map(|step| Some(sums.n(step) as f64)).collect();
        cells.push(sums.share(m::PAID, m::LEADS));
        AnalyticsRow { rows: of_source(period, &source), name: source.clone(), key: source, cells }
    };
    let rows = sources.into_iter().filter(|(_, sums)| sums.n(m::LEADS) > 0).map(of).collect();
    view.table = AnalyticsTable { of: "Source".to_owned(), columns, rows };
    Ok(())
}
