//! `/styleguide`: every component with invented content, in development and demo only. What is not here does not exist.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Html;
use axum::routing::get;
use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;

use crate::chart::{self, Svg};
use crate::page::{Frame, Tab, Theme, show};
use crate::{App, AppError};

/// One page of components.
#[derive(Template)]
#[template(path = "shell/styleguide.html")]
pub(crate) struct Styleguide {
    frame: Frame,
    at: DateTime<Utc>,
    long_ago: DateTime<Utc>,
    tabs: Vec<Tab>,
    line: Svg,
    bars: Svg,
    spark: Svg,
    dials: Vec<Svg>,
    band: Svg,
    columns: Svg,
    stack: Svg,
    heat: Svg,
    radar: Svg,
}

#[derive(Deserialize)]
struct Look {
    theme: Option<String>,
}

pub(crate) fn routes(app: App) -> Router {
    Router::new().route("/styleguide", get(page)).with_state(app)
}

async fn page(State(app): State<App>, Query(look): Query<Look>) -> Result<Html<String>, AppError> {
    let mut sample = Styleguide::sample(app.kernel().clock.now());
    sample.frame.theme = Theme::from_cookie(look.theme.as_deref());
    show(&sample)
}

impl Styleguide {
    /// The page with its invented content.
    pub(crate) fn sample(now: DateTime<Utc>) -> Self {
        let tabs = vec![
            Tab::new("Open", "#open", true).count(24),
            Tab::new("Waiting", "#waiting", false).count(7),
            Tab::new("Snoozed", "#snoozed", false),
            Tab::new("Closed", "#closed", false),
        ];
        Self {
            frame: Frame::sample("Styleguide"),
            at: now - Duration::minutes(4),
            long_ago: now - Duration::days(3),
            tabs,
            line: line(),
            bars: bars(),
            spark: chart::sparkline("Messages a day", &[12.0, 18.0, 14.0, 22.0, 30.0, 26.0, 34.0]),
            dials: ["Response", "Follow-up", "Conversion"]
                .into_iter()
                .zip([82.0, 57.0, 31.0])
                .map(|(name, value)| chart::dial(name, value))
                .chain([risk().draw()])
                .collect(),
            band: band(),
            columns: columns(),
            stack: stack(),
            heat: heat(),
            radar: radar(),
        }
    }
}

fn line() -> Svg {
    let days = (1..=14).map(|day| format!("{day} Nov")).collect();
    let people = [38.0, 41.0, 36.0, 30.0, 33.0, 27.0, 25.0, 28.0, 22.0, 19.0, 21.0, 16.0, 14.0, 12.0];
    let recoup = [4.0, 3.8, 3.9, 3.1, 3.3, 2.7, 2.5, 2.6, 2.2, 2.0, 2.1, 1.8, 1.7, 1.6];
    chart::Line::new("First response, median", "min", days)
        .series("People", chart::Tone::Wait, people.to_vec())
        .series("Recoup", chart::Tone::Accent, recoup.to_vec())
        .draw()
}

fn bars() -> Svg {
    let rows = [("WhatsApp", 412.0), ("Instagram", 287.0), ("Facebook", 164.0), ("X", 48.0)];
    chart::Bars::new("Messages by channel, this week", "messages")
        .rows(rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        .draw()
}

fn risk() -> chart::Dial {
    chart::Dial { name: "At risk".to_owned(), share: Some(0.38), text: "$38.2K".to_owned(), tone: chart::Tone::Risk }
}

fn band() -> Svg {
    let days = (1..=14).map(|day| format!("{day} Nov")).collect();
    let value: Vec<f64> = (0..14).map(|day| 58.0 + f64::from(day) * 1.6).collect();
    let (low, high) = (value.iter().map(|v| v - 6.0).collect(), value.iter().map(|v| v + 5.0).collect());
    chart::Line::new("Response velocity with its band", "points", days)
        .series("Velocity", chart::Tone::Accent, value)
        .band("95 % band", chart::Tone::Accent, low, high)
        .note(6, "version 2")
        .draw()
}

fn columns() -> Svg {
    let rows = [("1 min", 82.0), ("5 min", 61.0), ("15 min", 34.0), ("1 h", 22.0), ("4 h", 9.0), ("1 day", 4.0)];
    chart::Columns::new("How long people waited", "answers")
        .rows(rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        .draw()
}

fn stack() -> Svg {
    let rows = [("WhatsApp", [310.0, 102.0]), ("Instagram", [221.0, 66.0]), ("Facebook", [97.0, 67.0])];
    chart::Stack::new("Who answered", "answers", &[("Recoup", chart::Tone::Accent), ("People", chart::Tone::Wait)])
        .rows(rows.into_iter().map(|(name, values)| (name.to_owned(), values.to_vec())).collect())
        .draw()
}

fn heat() -> Svg {
    let hours = (8..18).map(|hour| hour.to_string()).collect();
    let day = |busy: f64| {
        (0..10).map(|hour| Some((busy * f64::from(hour), format!("{:.0}", busy * f64::from(hour))))).collect()
    };
    chart::Heat::new("Messages by hour", "a day", chart::Tone::Accent, hours)
        .row("Monday", day(2.0))
        .row("Tuesday", day(3.0))
        .row("Wednesday", day(1.0))
        .draw()
}

fn radar() -> Svg {
    let sides = ["Lead capture", "Response", "Scheduling", "Follow-up", "Reputation", "Payments"];
    chart::Radar::new("Maturity by side", 4.0, sides.map(str::to_owned).to_vec())
        .series("This business", chart::Tone::Accent, vec![3.0, 2.0, 1.0, 2.0, 3.0, 1.0])
        .series("Similar businesses", chart::Tone::Quiet, vec![2.2, 1.6, 1.8, 1.2, 2.1, 1.9])
        .draw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_renders_without_inline_script_or_style() {
        let html = Styleguide::sample(DateTime::UNIX_EPOCH).render().expect("it renders");
        assert!(!html.contains(" style=") && !html.contains("<style") && !html.contains(" onclick="));
        assert!(!html.contains("/assets/missing"), "an asset is named that does not exist");
        for icon in html.split(".svg#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(crate::assets::has_icon(icon), "there is no icon {icon}");
        }
    }
}
