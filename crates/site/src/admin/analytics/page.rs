//! The page of visits, and its days as a table.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use chrono::NaiveDate;
use shell::auth::Permission;
use shell::auth::permission::{Export, View};
use shell::chart::{Line, Svg, Tone};
use shell::csv::Csv;
use shell::page::{count, percent};
use shell::{Allowed, AppError, Frame, Query, Tab, show};

use super::figures::{self, Figures, Group, Look, Range, STEPS};
use crate::admin::content::site;
use crate::admin::tabs;
use crate::core::Core;
use crate::tally::day_of;

const HERE: &str = "/admin/analytics";
const PRESETS: [(&str, u64); 4] = [("7 days", 7), ("28 days", 28), ("90 days", 90), ("A year", 365)];

#[derive(Template)]
#[template(path = "site_admin/analytics.html")]
struct AnalyticsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    presets: Vec<Tab>,
    from: String,
    to: String,
    csv: String,
    counted: bool,
    empty: bool,
    visitors: String,
    views: String,
    begun: String,
    begun_share: String,
    done: String,
    done_share: String,
    chart: Svg,
    steps: Vec<Step>,
    pages: Vec<(String, String)>,
    sources: Vec<Row>,
    devices: Vec<Row>,
}

/// A step of the audit.
struct Step {
    name: &'static str,
    visitors: String,
    of_all: String,
    lost: String,
}

struct Row {
    name: String,
    visitors: String,
    share: String,
    begun: String,
    done: String,
}

/// `GET /admin/analytics`
pub(super) async fn page(
    by: Allowed<View>,
    State(core): State<Core>,
    Query(look): Query<Look>,
) -> Result<Html<String>, AppError> {
    core.tally().settle().await;
    let mut tx = by.tx().await?;
    let site = site(&mut tx).await?;
    let today = day_of(by.now(), &site);
    let range = Range::read(&look, today)?;
    let figures = figures::read(&mut tx, range).await?;
    let link = |from: NaiveDate, to: NaiveDate| format!("from={from}&to={to}");
    let presets = PRESETS.map(|(label, days)| {
        let last = Range::last(days, today);
        Tab::new(label, format!("{HERE}?{}", link(last.from, last.to)), last == range)
    });
    let csv = by.may(Permission::Export).then(|| format!("{HERE}/file?{}", link(range.from, range.to)));
    let views: i64 = figures.days.iter().map(|(_, day)| day.views).sum();
    let [begun, .., done, _] = figures.reached;
    show(&AnalyticsPage {
        frame: by.frame("Analytics"),
        tabs: tabs(HERE),
        presets: presets.into(),
        from: range.from.to_string(),
        to: range.to.to_string(),
        csv: csv.unwrap_or_default(),
        counted: site.flags.analytics,
        empty: views == 0 && figures.visitors == 0,
        visitors: count(figures.visitors),
        views: count(views),
        begun: count(begun),
        begun_share: share(begun, figures.visitors),
        done: count(done),
        done_share: share(done, begun),
        chart: chart(&figures, today),
        steps: steps(&figures),
        pages: figures.pages.iter().map(|(path, views)| (path.clone(), count(*views))).collect(),
        sources: figures.sources.iter().map(|group| row(group, figures.visitors, "By themselves")).collect(),
        devices: figures.devices.iter().map(|group| row(group, figures.visitors, "Not known")).collect(),
    })
}

fn share(part: i64, whole: i64) -> String {
    if whole > 0 { percent(part as f64 / whole as f64) } else { "–".to_owned() }
}

/// Visits by day; a day that is not over is marked, so that nobody takes it for a fall.
fn chart(figures: &Figures, today: NaiveDate) -> Svg {
    let labels = figures.days.iter().map(|(day, _)| day.format("%-d %b").to_string()).collect();
    let line = |of: fn(&figures::OfDay) -> i64| figures.days.iter().map(|(_, day)| of(day) as f64).collect();
    let chart = Line::new("Visits by day", "", labels)
        .series("Visitors", Tone::Accent, line(|day| day.visitors))
        .series("Pages", Tone::Quiet, line(|day| day.views));
    match figures.days.iter().position(|(day, _)| *day == today) {
        Some(place) => chart.note(place, "so far").draw(),
        None => chart.draw(),
    }
}

fn steps(figures: &Figures) -> Vec<Step> {
    let all = std::iter::once(("Visited", figures.visitors)).chain(STEPS.into_iter().zip(figures.reached));
    let mut before: Option<i64> = None;
    all.map(|(name, visitors)| {
        let lost = before.filter(|before| *before > 0).map(|before| share(before - visitors, before));
        before = Some(visitors);
        Step {
            name,
            visitors: count(visitors),
            of_all: share(visitors, figures.visitors),
            lost: lost.unwrap_or_else(|| "–".to_owned()),
        }
    })
    .collect()
}

fn row(group: &Group, all: i64, unnamed: &str) -> Row {
    Row {
        name: if group.name.is_empty() { unnamed.to_owned() } else { group.name.clone() },
        visitors: count(group.visitors),
        share: share(group.visitors, all),
        begun: count(group.begun),
        done: count(group.done),
    }
}

/// `GET /admin/analytics/file`
pub(super) async fn file(
    by: Allowed<Export>,
    State(core): State<Core>,
    Query(look): Query<Look>,
) -> Result<Response, AppError> {
    core.tally().settle().await;
    let mut tx = by.tx().await?;
    let range = Range::read(&look, day_of(by.now(), &site(&mut tx).await?))?;
    let figures = figures::read(&mut tx, range).await?;
    let mut table = Csv::new(&["day", "visitors", "pages", "audits_begun", "audits_finished", "made_themselves_known"]);
    for (day, of) in figures.days {
        let cells = [
            day.to_string(),
            of.visitors.to_string(),
            of.views.to_string(),
            of.begun.to_string(),
            of.done.to_string(),
            of.known.to_string(),
        ];
        table.row(&cells.each_ref().map(String::as_str));
    }
    Ok(table.download(&format!("visits-{}-{}.csv", range.from, range.to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_is_not_over_is_marked() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        let of = figures::OfDay { visitors: 3, views: 9, ..figures::OfDay::default() };
        let figures = Figures {
            days: vec![(day("2026-11-26"), of), (day("2026-11-27"), of)],
            pages: Vec::new(),
            sources: Vec::new(),
            devices: Vec::new(),
            visitors: 6,
            reached: [0; 6],
        };
        let marked = chart(&figures, day("2026-11-27")).to_string();
        assert!(marked.contains("27 Nov: so far") && !marked.contains("26 Nov: so far"), "{marked}");
        assert!(!chart(&figures, day("2026-11-28")).to_string().contains("so far"));
    }

    #[test]
    fn each_step_says_what_was_lost_before_it() {
        let figures = Figures {
            days: Vec::new(),
            pages: Vec::new(),
            sources: Vec::new(),
            devices: Vec::new(),
            visitors: 200,
            reached: [50, 40, 40, 30, 30, 0],
        };
        let steps = steps(&figures);
        let lost: Vec<&str> = steps.iter().map(|step| step.lost.as_str()).collect();
        assert_eq!(lost, ["–", "75 %", "20 %", "0 %", "25 %", "0 %", "100 %"]);
        assert_eq!((steps[1].name, steps[1].of_all.as_str()), ("Began the audit", "25 %"));
    }
}
