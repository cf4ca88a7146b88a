//! Facts in two columns: a name, a value at the right, and a note under them.

use crate::block::{Fact, Facts};
use crate::drawing::{Align, Ink};
use crate::font::Weight;
use crate::layout::{Branch, CAPTION, Child, Layout, MARGIN, Role, Style};
use crate::text::{self, Line};

const NAME: Style = Style::new(9.0, 11.5, Weight::Regular, Ink::Text);
const VALUE: Style = Style::new(9.0, 11.5, Weight::SemiBold, Ink::Text);
const NOTE: Style = Style::new(8.5, 10.5, Weight::Regular, Ink::Faint);
/// Above and below a fact.
const PAD: f32 = 2.5;
/// Between the columns.
const BETWEEN: f32 = 20.0;
/// Between a name and its value.
const GAP: f32 = 8.0;
/// The most lines of a name or a note; what is longer is cut.
const MOST: usize = 12;

/// A fact in lines.
struct Lines {
    name: Vec<Line>,
    value: Option<Line>,
    note: Vec<Line>,
}

impl Lines {
    fn of(fact: &Fact, width: f32) -> Self {
        let value = (!fact.value.is_empty()).then(|| text::fit(&fact.value, VALUE.weight, VALUE.size, width * 0.45));
        let taken = value.as_ref().map_or(0.0, |line| VALUE.weight.face().width(&line.shown, VALUE.size) + GAP);
        let note = if fact.note.is_empty() { Vec::new() } else { cut(&fact.note, NOTE, width) };
        Self { name: cut(&fact.label, NAME, width - taken), value, note }
    }

    fn height(&self) -> f32 {
        self.name.len() as f32 * NAME.leading + self.note.len() as f32 * NOTE.leading + 2.0 * PAD
    }
}

impl Layout {
    pub(crate) fn facts(&mut self, facts: &Facts) {
        if facts.facts.is_empty() {
            return;
        }
        let width = self.fact_width();
        self.need(self.facts_beginning(facts));
        let mut items = Vec::new();
        if !facts.caption.is_empty() {
            let caption = text::fit(&facts.caption, CAPTION.weight, CAPTION.size, self.inner());
            let baseline = self.y + 10.0;
            let caption = self.line(caption, CAPTION, (MARGIN, baseline), Align::Left);
            items.push(Branch::of(Role::Caption, vec![caption]));
            self.y += CAPTION.leading + 3.0;
        }
        for pair in facts.facts.chunks(2) {
            let pair: Vec<Lines> = pair.iter().map(|fact| Lines::of(fact, width)).collect();
            let height = tallest(&pair);
            self.need(height);
            let top = self.y;
            for (place, lines) in pair.into_iter().enumerate() {
                let x = MARGIN + (width + BETWEEN) * place as f32;
                items.push(self.fact(lines, (x, top), width));
                self.hairline(x, top + height, width);
            }
            self.y = top + height;
        }
        self.tree.push(Branch::of(Role::List(false), items));
        self.y += 9.0;
    }

    /// What stays together at their beginning: the caption and the first two.
    pub(crate) fn facts_beginning(&self, facts: &Facts) -> f32 {
        let width = self.fact_width();
        let first: Vec<Lines> = facts.facts.iter().take(2).map(|fact| Lines::of(fact, width)).collect();
        let caption = if facts.caption.is_empty() { 0.0 } else { CAPTION.leading + 3.0 };
        caption + tallest(&first)
    }

    fn fact_width(&self) -> f32 {
        (self.inner() - BETWEEN) / 2.0
    }

    fn fact(&mut self, lines: Lines, (x, top): (f32, f32), width: f32) -> Child {
        let Lines { name, value, note } = lines;
        let baseline = |y: f32, style: Style| y + style.leading * 0.5 + style.size * 0.36;
        let mut y = top + PAD;
        let mut label = Vec::new();
        for line in name {
            label.push(self.line(line, NAME, (x, baseline(y, NAME)), Align::Left));
            y += NAME.leading;
        }
        let mut body = Vec::new();
        if let Some(value) = value {
            let right = (x + width, baseline(top + PAD, VALUE));
            body.push(self.line(value, VALUE, right, Align::Right));
        }
        for line in note {
            body.push(self.line(line, NOTE, (x, baseline(y, NOTE)), Align::Left));
            y += NOTE.leading;
        }
        Branch::of(Role::Item, vec![Branch::of(Role::Label, label), Branch::of(Role::Body, body)])
    }
}

fn tallest(lines: &[Lines]) -> f32 {
    lines.iter().map(Lines::height).fold(0.0, f32::max)
}

/// The lines of a text, cut at the most.
fn cut(words: &str, style: Style, width: f32) -> Vec<Line> {
    let mut lines = text::wrap(words, style.weight, style.size, width);
    if lines.len() > MOST {
        lines.truncate(MOST - 1);
        lines.push(Line::new(style.weight, "…"));
    }
    lines
}
