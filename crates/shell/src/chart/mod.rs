//! Charts drawn on the server, for pages and PDFs: labelled axes, direct labels, no script.
//!
//! A chart is a [`Drawing`] first: lines, bars and words at their places. Pages show it as SVG; whoever makes files turns the same
//! marks into their own. On a page each comes in two widths, because text in a scaled drawing would shrink with it; the style sheet
//! shows the one that fits its container. A table with the same numbers stands behind each for whoever does not see it. Colours
//! are classes.

mod bars;
mod columns;
mod dial;
mod drawing;
mod heat;
mod interval;
mod line;
mod radar;
mod scale;
mod sparkline;
mod stack;

use std::fmt;

pub use bars::Bars;
pub use columns::Columns;
pub use dial::{Dial, dial, dial_drawing};
pub use drawing::{Anchor, Drawing, Mark, Words};
pub use heat::Heat;
pub use interval::Interval;
pub use line::Line;
pub use radar::Radar;
pub use sparkline::sparkline;
pub use stack::Stack;

/// What a line or bar means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The main thing.
    Accent,
    /// Won, recovered, good.
    Won,
    /// Waiting, compared, before.
    Wait,
    /// At risk, lost.
    Risk,
    /// Context.
    Quiet,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Accent => "c-accent",
            Self::Won => "c-won",
            Self::Wait => "c-wait",
            Self::Risk => "c-risk",
            Self::Quiet => "c-quiet",
        }
    }
}

/// A finished drawing: `{{ chart }}` in a template.
#[derive(Clone, Debug)]
pub struct Svg(String);

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Every text in it went through [`escape`].
impl askama::filters::HtmlSafe for Svg {}

/// The size of one of the two drawings, and the room around its plot.
#[derive(Clone, Copy)]
struct Size {
    class: &'static str,
    width: f64,
    height: f64,
}

const WIDE: Size = Size { class: "wide", width: 720.0, height: 290.0 };
const NARROW: Size = Size { class: "narrow", width: 340.0, height: 220.0 };

/// Text that is safe between tags and in quotes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A number without needless digits: `1,200`, `3.5`, `0.25`.
fn short(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let magnitude = value.abs();
    if magnitude >= 1_000_000.0 {
        return format!("{}M", trimmed(value / 1_000_000.0, 1));
    }
    if magnitude >= 10_000.0 {
        return format!("{}K", trimmed(value / 1_000.0, 1));
    }
    if magnitude >= 100.0 || value.fract() == 0.0 {
        return crate::page::count(value.round() as i64);
    }
    trimmed(value, if magnitude >= 10.0 { 1 } else { 2 })
}

fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The figure around the drawings: caption, both widths, and the table.
fn figure(title: &str, drawings: &str, head: &[&str], rows: &[Vec<String>]) -> Svg {
    let cells = |tag: &str, row: &[String]| {
        row.iter().fold(String::new(), |all, cell| format!("{all}<{tag}>{}</{tag}>", escape(cell)))
    };
    let heads: Vec<String> = head.iter().map(ToString::to_string).collect();
    let body = rows.iter().fold(String::new(), |all, row| format!("{all}<tr>{}</tr>", cells("td", row)));
    Svg(format!(
        "<figure class=\"chart\"><figcaption>{title}</figcaption>{drawings}\
         <details class=\"chart-table\"><summary>Show the numbers</summary><div class=\"table-wrap\"><table class=\"table\">\
         <thead><tr>{}</tr></thead><tbody>{body}</tbody></table></div></details></figure>",
        cells("th", &heads),
        title = escape(title),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_text_cannot_break_out() {
        for (value, text) in
            [(0.0, "0"), (0.25, "0.25"), (3.5, "3.5"), (1_200.0, "1,200"), (12_500.0, "12.5K"), (2e6, "2M")]
        {
            assert_eq!(short(value), text);
        }
        assert_eq!(short(f64::NAN), "–");
        let chart = Bars::new("<b>", "n").rows(vec![("<script>\"".into(), 1.0)]).draw().to_string();
        assert!(!chart.contains("<script>") && !chart.contains("<b>"));
    }

    #[test]
    fn nothing_one_point_and_equal_values_draw() {
        for values in [vec![], vec![5.0], vec![3.0, 3.0, 3.0], vec![0.0, 0.0], vec![f64::NAN, 1.0]] {
            let labels = (0..values.len()).map(|n| n.to_string()).collect();
            let drawn = Line::new("t", "u", labels).series("s", Tone::Accent, values.clone()).draw().to_string();
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{values:?}: {drawn}");
            let small = sparkline("t", &values).to_string();
            assert!(!small.contains("NaN") && !small.contains("inf"));
        }
        assert!(!dial("d", f64::NAN).to_string().contains("NaN"));
    }

    #[test]
    fn a_band_is_shaded_where_both_ends_are_known_and_a_note_marks_its_point() {
        let labels = (1..=5).map(|day| format!("{day} Nov")).collect();
        let (low, high) = (vec![1.0, 2.0, f64::NAN, 2.0, 3.0], vec![4.0, 5.0, 5.0, 6.0, 7.0]);
        let line = Line::new("Velocity", "points", labels)
            .series("now", Tone::Accent, vec![2.0, 3.0, 4.0, 5.0, 6.0])
            .band("between", Tone::Accent, low, high)
            .note(2, "version 2");
        let areas = line.drawing(720.0, 290.0).marks.iter().filter(|mark| matches!(mark, Mark::Area { .. })).count();
        assert_eq!(areas, 2, "the gap parts the band");
        let drawn = line.draw().to_string();
        assert!(drawn.contains("<td>3 Nov: version 2</td>") && drawn.contains("<td>1 to 4 points</td>"), "{drawn}");
        assert!(!drawn.contains("NaN"));
    }

    #[test]
    fn columns_stacks_and_heat_draw_nothing_and_something_with_their_tables() {
        let empty = [
            Columns::new("t", "u").draw().to_string(),
            Stack::new("t", "u", &[("a", Tone::Won)]).draw().to_string(),
            Heat::new("t", "u", Tone::Risk, vec![]).draw().to_string(),
        ];
        assert!(empty.iter().all(|drawn| drawn.contains("<table") && !drawn.contains("NaN")));
        let columns = Columns::new("<t>", "u").rows(vec![("a".into(), 4.0), ("b".into(), f64::NAN)]).draw().to_string();
        assert!(columns.contains("<td>4</td>") && columns.contains("&lt;t&gt;") && !columns.contains("NaN"));
        let stack = Stack::new("t", "u", &[("bot", Tone::Accent), ("people", Tone::Wait)])
            .rows(vec![("mail".into(), vec![3.0, 1.0])])
            .draw()
            .to_string();
        assert!(stack.contains("<td>3</td><td>1</td>") && stack.contains("mail, bot: 3 u"), "{stack}");
        let cells = vec![Some((2.0, "2 min".to_owned())), None];
        let heat =
            Heat::new("t", "u", Tone::Risk, vec!["0".into(), "1".into()]).row("Monday", cells).draw().to_string();
        assert!(heat.contains("heat-5") && heat.contains("2 min") && heat.contains("Monday, 0: 2 min"), "{heat}");
    }

    #[test]
    fn a_dial_says_what_it_shows_and_an_unknown_one_says_so() {
        let known = Dial { name: "At risk".into(), share: Some(0.4), text: "$38.2K".into(), tone: Tone::Risk };
        let drawn = known.draw().to_string();
        assert!(drawn.contains("At risk: $38.2K") && drawn.contains("c-risk"), "{drawn}");
        let unknown = Dial { name: "At risk".into(), share: None, text: String::new(), tone: Tone::Quiet };
        assert!(unknown.draw().to_string().contains("not enough data yet"));
    }
}
