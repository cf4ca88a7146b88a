//! From blocks to pages: what is drawn where, and what it is for a reader that cannot see.

use crate::block::{Block, Document, KeyFigure, List};
use crate::drawing::{Align, Drawing, Ink, Mark};
use crate::font::Weight;
use crate::link::Place;
use crate::text::{self, Line};

/// Space around what is on a page.
pub(crate) const MARGIN: f32 = 48.0;
/// Room for the line at the foot.
const FOOT: f32 = 30.0;
/// Space between figures beside one another.
const GUTTER: f32 = 14.0;

/// How a run of text looks.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub(crate) size: f32,
    /// From line to line.
    pub(crate) leading: f32,
    pub(crate) weight: Weight,
    pub(crate) ink: Ink,
}

impl Style {
    pub(crate) const fn new(size: f32, leading: f32, weight: Weight, ink: Ink) -> Self {
        Self { size, leading, weight, ink }
    }
}

const TITLE: Style = Style::new(21.0, 26.0, Weight::SemiBold, Ink::Text);
const HEADING: Style = Style::new(12.5, 17.0, Weight::SemiBold, Ink::Text);
pub(crate) const LEAD: Style = Style::new(13.0, 18.5, Weight::Regular, Ink::Text);
pub(crate) const TEXT: Style = Style::new(10.0, 14.5, Weight::Regular, Ink::Text);
pub(crate) const NOTE: Style = Style::new(9.0, 12.5, Weight::Regular, Ink::Faint);
pub(crate) const CAPTION: Style = Style::new(9.5, 13.0, Weight::SemiBold, Ink::Text);
pub(crate) const FINE: Style = Style::new(8.5, 11.5, Weight::Regular, Ink::Soft);
const LABEL: Style = Style::new(9.0, 12.0, Weight::Regular, Ink::Soft);
const VALUE: Style = Style::new(19.0, 24.0, Weight::SemiBold, Ink::Text);

/// What a part is, for a reader that cannot see.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Role {
    Heading(u16, String),
    Paragraph,
    List(bool),
    Item,
    Label,
    Body,
    Link,
    Table,
    TableHead,
    TableBody,
    Row,
    HeadCell,
    RowHead,
    Cell,
    Figure(String),
    Caption,
}

/// A part and its parts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Branch {
    pub(crate) role: Role,
    pub(crate) children: Vec<Child>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Child {
    Branch(Branch),
    /// A piece of a page by its number.
    Leaf(usize),
}

impl Branch {
    pub(crate) fn of(role: Role, children: Vec<Child>) -> Child {
        Child::Branch(Self { role, children })
    }
}

/// Marks that belong together. Without a number it is decoration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) leaf: Option<usize>,
    /// What the text means, where the font could not draw all of it.
    pub(crate) meant: Option<String>,
    pub(crate) marks: Vec<Mark>,
}

/// A document laid out.
#[derive(Default)]
pub(crate) struct Layout {
    pub(crate) pages: Vec<Vec<Piece>>,
    pub(crate) tree: Vec<Child>,
    /// The heads, each with its page and place on it.
    pub(crate) outline: Vec<(String, usize, f32)>,
    /// What opens when it is touched.
    pub(crate) links: Vec<Place>,
    /// How many pieces and links have a number.
    pub(crate) leaves: usize,
    pub(crate) width: f32,
    height: f32,
    pub(crate) y: f32,
}

impl Layout {
    /// Lays a document out.
    pub(crate) fn of(document: &Document) -> Self {
        let (width, height) = document.paper.size();
        let mut pages = Self { pages: vec![Vec::new()], width, height, y: MARGIN, ..Self::default() };
        for (place, block) in document.blocks.iter().enumerate() {
            pages.block(block, &document.blocks[place + 1..]);
        }
        pages.feet(&document.footer);
        pages
    }

    pub(crate) fn inner(&self) -> f32 {
        self.width - 2.0 * MARGIN
    }

    fn bottom(&self) -> f32 {
        self.height - MARGIN - FOOT
    }

    /// The most that fits on an empty page.
    pub(crate) fn whole(&self) -> f32 {
        self.bottom() - MARGIN
    }

    /// Begins a new page when less room is left; whether it did.
    pub(crate) fn need(&mut self, room: f32) -> bool {
        let fits = self.y + room <= self.bottom() || self.y <= MARGIN;
        if !fits {
            self.turn();
        }
        !fits
    }

    fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
    }

    fn put(&mut self, piece: Piece) {
        if let Some(page) = self.pages.last_mut() {
            page.push(piece);
        }
    }

    /// Decoration.
    pub(crate) fn adorn(&mut self, marks: Vec<Mark>) {
        self.put(Piece { leaf: None, meant: None, marks });
    }

    fn leaf(&mut self, meant: Option<String>, marks: Vec<Mark>) -> Child {
        let leaf = self.leaves;
        self.leaves += 1;
        self.put(Piece { leaf: Some(leaf), meant, marks });
        Child::Leaf(leaf)
    }

    pub(crate) fn hairline(&mut self, x: f32, y: f32, width: f32) {
        self.adorn(vec![Mark::Line { from: (x, y), to: (x + width, y), width: 0.6, ink: Ink::Line }]);
    }

    /// One line with its baseline at `y`.
    pub(crate) fn line(&mut self, line: Line, style: Style, (x, y): (f32, f32), align: Align) -> Child {
        let Line { shown, meant } = line;
        let Style { size, weight, ink, .. } = style;
        self.leaf(meant, vec![Mark::Text { x, y, size, weight, align, ink, text: shown }])
    }

    /// Text from the left, over as many pages as it needs.
    pub(crate) fn flow(&mut self, text: &str, style: Style, x: f32, width: f32) -> Vec<Child> {
        let mut children = Vec::new();
        for line in text::wrap(text, style.weight, style.size, width) {
            self.need(style.leading);
            let y = self.y + style.leading * 0.5 + style.size * 0.36;
            children.push(self.line(line, style, (x, y), Align::Left));
            self.y += style.leading;
        }
        children
    }

    fn paragraph(&mut self, role: Role, text: &str, style: Style, after: f32) {
        let width = self.inner();
        let children = self.flow(text, style, MARGIN, width);
        self.tree.push(Branch::of(role, children));
        self.y += after;
    }

    fn heading(&mut self, level: u16, text: &str, style: Style, keep: f32) {
        let lines = text::wrap(text, style.weight, style.size, self.inner()).len() as f32;
        self.need(lines * style.leading + 4.0 + keep);
        self.outline.push((text.to_owned(), self.pages.len() - 1, self.y));
        self.paragraph(Role::Heading(level, text.to_owned()), text, style, 4.0);
    }

    /// A block; a head is never parted from what comes `next`.
    fn block(&mut self, block: &Block, next: &[Block]) {
        match block {
            Block::Title { text, note } => {
                let keep = self.ahead(next) + if note.is_empty() { 0.0 } else { NOTE.leading + 14.0 };
                self.heading(1, text, TITLE, keep);
                if !note.is_empty() {
                    self.paragraph(Role::Paragraph, note, NOTE, 14.0);
                }
            }
            Block::Heading(text) => {
                if self.y > MARGIN {
                    self.y += 12.0;
                }
                let keep = self.ahead(next);
                self.heading(2, text, HEADING, keep);
            }
            Block::Lead(text) => self.paragraph(Role::Paragraph, text, LEAD, 12.0),
            Block::Text(text) => self.paragraph(Role::Paragraph, text, TEXT, 7.0),
            Block::Note(text) => self.paragraph(Role::Paragraph, text, NOTE, 7.0),
            Block::List(list) => self.list(list, TEXT),
            Block::FinePrint(list) => self.list(list, FINE),
            Block::Facts(facts) => self.facts(facts),
            Block::Link { text, address } => self.link(text, address),
            Block::Figures(figures) => self.figures(figures),
            Block::Table(table) => self.table(table),
            Block::Chart { caption, drawing } => self.chart(caption, drawing),
            Block::Break => {
                if self.y > MARGIN {
                    self.turn();
                }
            }
        }
    }

    fn list(&mut self, list: &List, text: Style) {
        let indent = if list.numbered { 18.0 } else { 13.0 };
        let mut items = Vec::new();
        for (place, item) in list.items.iter().enumerate() {
            let label = if list.numbered { format!("{}.", place + 1) } else { "•".to_owned() };
            self.need(text.leading);
            let baseline = self.y + text.leading * 0.5 + text.size * 0.36;
            let label = Line::new(Weight::Regular, &label);
            let style = Style { ink: Ink::Soft, ..text };
            let label = self.line(label, style, (MARGIN, baseline), Align::Left);
            let width = self.inner() - indent;
            let body = self.flow(item, text, MARGIN + indent, width);
            self.y += 3.0;
            let parts = vec![Branch::of(Role::Label, vec![label]), Branch::of(Role::Body, body)];
            items.push(Branch::of(Role::Item, parts));
        }
        if !items.is_empty() {
            self.tree.push(Branch::of(Role::List(list.numbered), items));
            self.y += 5.0;
        }
    }

    /// Up to four in a row.
    fn figures(&mut self, figures: &[KeyFigure]) {
        for row in figures.chunks(4) {
            let count = row.len().max(1) as f32;
            let width = (self.inner() - GUTTER * (count - 1.0)) / count;
            let notes: Vec<Vec<Line>> = row.iter().map(|figure| note(&figure.note, width)).collect();
            let lines = notes.iter().map(Vec::len).max().unwrap_or(0) as f32;
            let height = 8.0 + LABEL.leading + VALUE.leading + LABEL.leading + lines * NOTE.leading + 10.0;
            self.need(height);
            let top = self.y;
            for (place, (figure, notes)) in row.iter().zip(notes).enumerate() {
                let x = MARGIN + (width + GUTTER) * place as f32;
                self.figure(figure, notes, (x, top), width);
            }
            self.y = top + height;
        }
        self.y += 2.0;
    }

    fn figure(&mut self, figure: &KeyFigure, notes: Vec<Line>, (x, top): (f32, f32), width: f32) {
        self.hairline(x, top, width);
        let mut baseline = top + 8.0 + 9.0;
        let label = text::fit(&figure.label, LABEL.weight, LABEL.size, width);
        let mut children = vec![self.line(label, LABEL, (x, baseline), Align::Left)];
        baseline += VALUE.leading - 2.0;
        // A long amount is set smaller before it is cut.
        let whole = Line::new(VALUE.weight, &figure.value);
        let wide = VALUE.weight.face().width(&whole.shown, VALUE.size);
        let size = if wide > width { (VALUE.size * width / wide).max(11.0) } else { VALUE.size };
        let style = Style { size, ..VALUE };
        let value = text::fit(&figure.value, style.weight, style.size, width);
        children.push(self.line(value, style, (x, baseline), Align::Left));
        baseline += LABEL.leading + 3.0;
        if !figure.change.is_empty() {
            let style = Style { weight: Weight::SemiBold, ink: figure.tone, ..LABEL };
            let change = text::fit(&figure.change, style.weight, style.size, width);
            children.push(self.line(change, style, (x, baseline), Align::Left));
            baseline += NOTE.leading;
        }
        for note in notes {
            children.push(self.line(note, NOTE, (x, baseline), Align::Left));
            baseline += NOTE.leading;
        }
        self.tree.push(Branch::of(Role::Paragraph, children));
    }

    fn chart(&mut self, caption: &str, drawing: &Drawing) {
        if drawing.width <= 0.0 || drawing.height <= 0.0 || drawing.marks.is_empty() {
            return;
        }
        // Text in the drawing shrinks with it, so a wide one is made no smaller than it needs to be, and none is made larger.
        let scale = self.scale(drawing);
        self.need(self.chart_height(drawing));
        self.y += 4.0;
        let mut said = Vec::new();
        if !caption.is_empty() {
            let width = self.inner();
            said = self.flow(caption, CAPTION, MARGIN, width);
            self.y += 4.0;
        }
        let marks = drawing.marks.iter().map(|mark| mark.placed(scale, MARGIN, self.y)).collect();
        let drawn = self.leaf(None, marks);
        self.tree.push(Branch::of(Role::Figure(drawing.alt.clone()), vec![drawn]));
        if !said.is_empty() {
            self.tree.push(Branch::of(Role::Caption, said));
        }
        self.y += drawing.height * scale + 12.0;
    }

    /// The line at the foot of every page.
    fn feet(&mut self, footer: &str) {
        let (count, y) = (self.pages.len(), self.height - MARGIN + 4.0);
        let width = self.inner() - 80.0;
        let left = text::fit(footer, NOTE.weight, 8.5, width).shown;
        let right = self.width - MARGIN;
        for (place, page) in self.pages.iter_mut().enumerate() {
            let text = |x: f32, align: Align, text: String| Mark::Text {
                x,
                y,
                size: 8.5,
                weight: Weight::Regular,
                align,
                ink: Ink::Faint,
                text,
            };
            let number = format!("Page {} of {count}", place + 1);
            let rule = Mark::Line { from: (MARGIN, y - 14.0), to: (right, y - 14.0), width: 0.6, ink: Ink::Line };
            let marks = vec![rule, text(MARGIN, Align::Left, left.clone()), text(right, Align::Right, number)];
            page.push(Piece { leaf: None, meant: None, marks });
        }
    }
}

/// The note under a figure: three lines at most.
fn note(text: &str, width: f32) -> Vec<Line> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut lines = text::wrap(text, NOTE.weight, NOTE.size, width - 2.0);
    lines.truncate(3);
    lines
}
