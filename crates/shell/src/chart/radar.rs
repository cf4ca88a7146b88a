//! Values of several sides of one thing, around a middle.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::{Anchor, Drawing, Mark, Size, Svg, Tone, Words, figure, short};

/// A radar chart: every series has one value for each axis, from 0 in the middle to the most at the rim. A value that is not a number
/// is not known: the line has a gap there.
pub struct Radar {
    title: String,
    most: f64,
    axes: Vec<String>,
    series: Vec<Series>,
}

struct Series {
    name: String,
    tone: Tone,
    values: Vec<f64>,
}

const WIDE: Size = Size { class: "wide", width: 720.0, height: 400.0 };
const NARROW: Size = Size { class: "narrow", width: 340.0, height: 310.0 };
/// Room for the names of the series.
const TOP: f64 = 24.0;
/// Room above and below the rim for the name of an axis.
const LABEL: f64 = 40.0;
/// From line to line of a name.
const LINE: f64 = 13.0;
const RINGS: u8 = 4;

impl Radar {
    /// An empty chart: what it shows, the value at the rim, and its axes from the top clockwise, three or more.
    pub fn new(title: impl Into<String>, most: f64, axes: Vec<String>) -> Self {
        Self { title: title.into(), most, axes, series: Vec::new() }
    }

    /// Adds a series. The first one is the thing itself and is shaded; the others are what it is compared with.
    #[must_use]
    pub fn series(mut self, name: impl Into<String>, tone: Tone, values: Vec<f64>) -> Self {
        self.series.push(Series { name: name.into(), tone, values });
        self
    }

    /// The figure for a page.
    pub fn draw(&self) -> Svg {
        let sized = |size: Size| {
            let drawing = self.drawing(size.width, size.height);
            drawing.svg(&format!("class=\"{}\"", size.class), &self.about()).to_string()
        };
        let drawings = format!("{}{}", sized(WIDE), sized(NARROW));
        let mut head = vec![""];
        head.extend(self.series.iter().map(|series| series.name.as_str()));
        let row = |(n, axis): (usize, &String)| {
            let values = self.series.iter().map(|series| self.said(series.at(n)));
            std::iter::once(axis.clone()).chain(values).collect()
        };
        let rows: Vec<Vec<String>> = self.axes.iter().enumerate().map(row).collect();
        figure(&self.title, &drawings, &head, &rows)
    }

    /// What it shows, in a sentence.
    pub fn about(&self) -> String {
        let Some(first) = self.series.first() else { return format!("{}: no values yet", self.title) };
        let values: Vec<String> =
            self.axes.iter().enumerate().map(|(n, axis)| format!("{axis} {}", self.said(first.at(n)))).collect();
        format!("{}, {}: {}", self.title, first.name, values.join(", "))
    }

    /// The chart alone in a space of this size.
    pub fn drawing(&self, width: f64, height: f64) -> Drawing {
        let room = if width < 500.0 { 84.0 } else { width * 0.25 };
        let radius = ((height - TOP) / 2.0 - LABEL).min(width / 2.0 - room).max(20.0);
        let plot = Plot { x: width / 2.0, y: TOP + (height - TOP) / 2.0, radius, axes: self.axes.len() };
        let mut marks = plot.grid(self.most);
        // What it is compared with lies below.
        for (place, series) in self.series.iter().enumerate().rev() {
            self.draw_series(&mut marks, &plot, series, place == 0);
        }
        let mut x = 0.0;
        for Series { name, tone, .. } in &self.series {
            marks.push(words(Words::Name(*tone), Anchor::Start, (x, 12.0), name));
            x += name.chars().count() as f64 * 7.0 + 16.0;
        }
        for (n, axis) in self.axes.iter().enumerate() {
            self.draw_label(&mut marks, &plot, n, axis, width < 500.0);
        }
        Drawing { width, height, marks }
    }

    /// A series as a line; the thing itself has a point for every value, so that one without neighbours is seen too.
    fn draw_series(&self, marks: &mut Vec<Mark>, plot: &Plot, series: &Series, shaded: bool) {
        let tone = series.tone;
        let point = |n: usize| {
            let value = series.at(n);
            value.is_finite().then(|| plot.at(n, (value / self.most).clamp(0.0, 1.0)))
        };
        let points: Vec<Option<(f64, f64)>> = (0..self.axes.len()).map(point).collect();
        let whole: Option<Vec<(f64, f64)>> = points.iter().copied().collect();
        let pieces = match &whole {
            Some(corners) => vec![corners.iter().chain(corners.first()).copied().collect()],
            // Neighbours that are both known.
            None => (0..points.len()).filter_map(|n| Some(vec![points[n]?, points[(n + 1) % points.len()]?])).collect(),
        };
        if let Some(points) = whole.filter(|_| shaded) {
            marks.push(Mark::Area { tone, points });
        }
        marks.push(Mark::Line { tone, pieces });
        for (n, (axis, point)) in self.axes.iter().zip(&points).enumerate() {
            if let Some((x, y)) = *point {
                if shaded {
                    marks.push(Mark::End { tone, x, y });
                }
                let title = format!("{}, {axis}: {}", series.name, self.said(series.at(n)));
                marks.push(Mark::Hit { tone, x, y, title });
            }
        }
    }

    /// The name of an axis outside the rim, with the value of the first series under it.
    fn draw_label(&self, marks: &mut Vec<Mark>, plot: &Plot, n: usize, axis: &str, narrow: bool) {
        let mut lines = if narrow { folded(axis) } else { vec![axis.to_owned()] };
        let names = lines.len();
        lines.extend(self.series.first().map(|series| self.said(series.at(n))));
        let (sine, cosine) = plot.angle(n).sin_cos();
        let (x, y) = (plot.x + cosine * (plot.radius + 12.0), plot.y + sine * (plot.radius + 10.0));
        let anchor = match cosine {
            0.1.. => Anchor::Start,
            ..-0.1 => Anchor::End,
            _ => Anchor::Middle,
        };
        let rest = lines.len().saturating_sub(1) as f64 * LINE;
        let first = match sine {
            0.9.. => y + 10.0,
            ..-0.9 => y - 2.0 - rest,
            _ => y + 4.0 - rest / 2.0,
        };
        for (line, text) in lines.iter().enumerate() {
            let style = if line < names { Words::Label } else { Words::Axis };
            marks.push(words(style, anchor, (x, first + line as f64 * LINE), text));
        }
    }

    fn said(&self, value: f64) -> String {
        if value.is_finite() { format!("{} of {}", short(value), short(self.most)) } else { "–".to_owned() }
    }
}

impl Series {
    fn at(&self, axis: usize) -> f64 {
        self.values.get(axis).copied().unwrap_or(f64::NAN)
    }
}

struct Plot {
    x: f64,
    y: f64,
    radius: f64,
    axes: usize,
}

impl Plot {
    /// The direction of an axis: the first one up, the others clockwise.
    fn angle(&self, axis: usize) -> f64 {
        TAU * axis as f64 / self.axes.max(1) as f64 - FRAC_PI_2
    }

    /// The place of a share of the way to the rim.
    fn at(&self, axis: usize, share: f64) -> (f64, f64) {
        let (sine, cosine) = self.angle(axis).sin_cos();
        (self.x + cosine * self.radius * share, self.y + sine * self.radius * share)
    }

    fn grid(&self, most: f64) -> Vec<Mark> {
        let mut marks = Vec::new();
        for axis in 0..self.axes {
            marks.push(Mark::Grid { from: (self.x, self.y), to: self.at(axis, 1.0) });
            for ring in 1..=RINGS {
                let share = f64::from(ring) / f64::from(RINGS);
                marks.push(Mark::Grid { from: self.at(axis, share), to: self.at((axis + 1) % self.axes, share) });
            }
        }
        for ring in 1..=RINGS {
            let share = f64::from(ring) / f64::from(RINGS);
            let (x, y) = self.at(0, share);
            marks.push(words(Words::Axis, Anchor::Start, (x + 4.0, y + 11.0), &short(most * share)));
        }
        marks
    }
}

fn words(style: Words, anchor: Anchor, (x, y): (f64, f64), text: &str) -> Mark {
    Mark::Words { style, anchor, x, y, text: text.to_owned() }
}

/// A name in two lines, where it is long and has a space.
fn folded(name: &str) -> Vec<String> {
    let middle = name.len() / 2;
    let spaces = name.char_indices().filter(|(_, c)| *c == ' ').map(|(place, _)| place);
    let place = spaces.min_by_key(|place| place.abs_diff(middle));
    match place {
        Some(place) if name.chars().count() > 11 => vec![name[..place].to_owned(), name[place + 1..].to_owned()],
        _ => vec![name.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes() -> Vec<String> {
        ["Lead capture", "Response", "Scheduling", "Follow-up"].map(str::to_owned).to_vec()
    }

    fn radar(values: Vec<f64>) -> Radar {
        Radar::new("Levels", 4.0, axes()).series("This business", Tone::Accent, values).series(
            "Others",
            Tone::Quiet,
            vec![2.0, 1.5, 2.0, 1.0],
        )
    }

    fn lines(radar: &Radar) -> Vec<Vec<Vec<(f64, f64)>>> {
        let of = |mark: &Mark| match mark {
            Mark::Line { pieces, .. } => Some(pieces.clone()),
            _ => None,
        };
        radar.drawing(720.0, 400.0).marks.iter().filter_map(of).collect()
    }

    #[test]
    fn the_first_axis_points_up_and_the_rim_is_the_most() {
        let radar = radar(vec![4.0, 4.0, 0.0, 9.0]);
        let own = &lines(&radar)[1][0];
        let (middle, rim) = ((360.0, 212.0), 148.0);
        let near = |(x, y): (f64, f64), (other_x, other_y): (f64, f64)| {
            assert!((x - other_x).abs() < 1e-9 && (y - other_y).abs() < 1e-9, "{x} {y}");
        };
        near(own[0], (middle.0, middle.1 - rim));
        near(own[1], (middle.0 + rim, middle.1));
        near(own[2], middle);
        // More than the most stays on the rim, and the line comes back to its beginning.
        near(own[3], (middle.0 - rim, middle.1));
        near(own[4], own[0]);
    }

    #[test]
    fn what_is_not_known_is_a_gap_and_nothing_is_shaded() {
        let radar = radar(vec![1.0, f64::NAN, 3.0, 2.0]);
        assert_eq!(lines(&radar)[1].len(), 2, "of four sides two touch the unknown axis");
        let drawn = radar.draw().to_string();
        assert!(!drawn.contains("NaN") && drawn.contains("<td>Response</td><td>–</td><td>1.5 of 4</td>"), "{drawn}");
        assert!(!radar.drawing(340.0, 310.0).marks.iter().any(|mark| matches!(mark, Mark::Area { .. })));
    }

    #[test]
    fn every_value_of_the_thing_itself_has_a_point_even_without_neighbours() {
        let radar = radar(vec![1.0, f64::NAN, 4.0, f64::NAN]);
        assert_eq!(lines(&radar)[1].len(), 0, "no two neighbours are known");
        let point = |mark: &Mark| match mark {
            Mark::End { tone: Tone::Accent, x, y } => Some((x.round(), y.round())),
            _ => None,
        };
        let points: Vec<(f64, f64)> = radar.drawing(720.0, 400.0).marks.iter().filter_map(point).collect();
        assert_eq!(points, [(360.0, 175.0), (360.0, 360.0)]);
        assert_eq!(radar.drawing(720.0, 400.0).marks.iter().filter(|m| matches!(m, Mark::End { .. })).count(), 2);
    }

    #[test]
    fn the_figure_says_its_values_and_lets_nothing_break_out() {
        let drawn = radar(vec![1.0, 2.0, 3.0, 4.0]).draw().to_string();
        assert!(drawn.contains("Lead capture 1 of 4") && drawn.contains("Others, Follow-up: 1 of 4"), "{drawn}");
        let hostile = Radar::new("<b>", 4.0, vec!["<i>\"".to_owned(); 3]).series("<s>", Tone::Accent, vec![1.0; 3]);
        let drawn = hostile.draw().to_string();
        assert!(!drawn.contains("<b>") && !drawn.contains("<i>") && !drawn.contains("<s>"));
        assert!(Radar::new("t", 4.0, Vec::new()).draw().to_string().contains("no values yet"));
    }

    #[test]
    fn long_names_are_folded_at_the_space_nearest_their_middle() {
        assert_eq!(folded("Lead capture"), ["Lead", "capture"]);
        assert_eq!(folded("Data"), ["Data"]);
        assert_eq!(folded("Reputationmanagement"), ["Reputationmanagement"]);
    }
}
