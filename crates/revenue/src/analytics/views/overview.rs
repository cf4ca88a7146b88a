//! The view of everything at once.

use kernel::db::OrgTx;
use shell::AppError;

use super::AnalyticsView;
use super::parts::{both, by_source, figure, line, rows};
use crate::analytics::period::Period;
use crate::analytics::store;
use crate::metrics as m;

pub(super) async fn overview(tx: &mut OrgTx, period: &Period, view: &mut AnalyticsView) -> Result<(), AppError> {
    let metrics = [
        m::LEADS,
        m::ANSWERED_5,
        m::LEAKED,
        m::BOOKED,
        m::REVENUE,
        m::CALLS,
        m::MISSED_CALLS,
        m::NO_SHOWS,
        m::REVIEWS,
        m::AD_SPEND,
    ];
    let (now, before) = both(tx, period, &metrics).await?;
    let (all, was) = (store::together(now.values()), store::together(before.values()));
    let was = period.before.map(|_| &was);
    let leads = |metric: &str| match metric {
        m::LEADS | m::ANSWERED_5 => rows(period, ""),
        m::LEAKED => rows(period, "stage=any"),
        m::BOOKED => rows(period, "reached=booked"),
        _ => String::new(),
    };
    view.figures = metrics.iter().map(|metric| figure(metric, &all, was, leads(metric))).collect();
    view.series = vec![line(period, m::LEADS, &now, &before), line(period, m::REVENUE, &now, &before)];
    let columns = [m::LEADS, m::ANSWERED_5, m::LEAKED, m::BOOKED, m::REVENUE];
    view.table = by_source(tx, period, &columns).await?;
    Ok(())
}
