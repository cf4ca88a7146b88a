//! From pages to bytes, with the tags that make the file accessible (PDF/UA-1).

use std::num::NonZeroU16;

use krilla::action::{Action, LinkAction};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::rgb;
use krilla::configure::ConfigurationBuilder;
use krilla::configure::validate::Accessibility;
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ContentTag, Identifier, ListNumbering, SpanTag, TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
};
use krilla::text::Font;
use krilla::{Document as File, SerializeSettings};

use crate::PdfError;
use crate::block::{Date, Document};
use crate::drawing::{Align, Ink, Mark};
use crate::font::Weight;
use crate::layout::{Branch, Child, Layout, Piece, Role};
use crate::link::Place;

/// How far a control point stands from the end of a quarter of a circle of radius 1.
const KAPPA: f32 = 0.552_284_8;

/// The two weights as one file embeds them.
struct Fonts {
    regular: Font,
    semi_bold: Font,
}

impl Fonts {
    fn open() -> Option<Self> {
        Some(Self { regular: Weight::Regular.face().font()?, semi_bold: Weight::SemiBold.face().font()? })
    }

    fn of(&self, weight: Weight) -> Font {
        match weight {
            Weight::Regular => self.regular.clone(),
            Weight::SemiBold => self.semi_bold.clone(),
        }
    }
}

impl Document {
    /// The file.
    ///
    /// # Errors
    /// When the library refuses to write it, which no text can cause.
    pub fn render(&self) -> Result<Vec<u8>, PdfError> {
        let pages = Layout::of(self);
        // A file that breaks a rule of accessibility is still better than none.
        self.write(&pages, true).or_else(|_| self.write(&pages, false))
    }

    /// Writes the file; `strict` refuses what PDF/UA-1 does not allow.
    fn write(&self, pages: &Layout, strict: bool) -> Result<Vec<u8>, PdfError> {
        let mut settings = SerializeSettings::default();
        if strict {
            let accessible = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1).finish();
            settings.configuration = accessible.map_err(|error| PdfError(format!("{error:?}")))?;
        }
        let mut file = File::new_with(settings);
        let fonts = Fonts::open().ok_or_else(|| PdfError("the font does not open".to_owned()))?;
        let (width, height) = self.paper.size();
        let mut found: Vec<Option<Identifier>> = vec![None; pages.leaves];
        for (number, pieces) in pages.pages.iter().enumerate() {
            let page = PageSettings::from_wh(width, height).ok_or_else(|| PdfError("no size".to_owned()))?;
            let mut page = file.start_page_with(page);
            let mut surface = page.surface();
            for piece in pieces {
                draw_piece(&mut surface, &fonts, piece, &mut found);
            }
            surface.finish();
            for place in pages.links.iter().filter(|place| place.page == number) {
                if let Some(slot) = found.get_mut(place.leaf) {
                    *slot = opening(place).map(|opening| page.add_tagged_annotation(opening));
                }
            }
            page.finish();
        }
        let mut tree = TagTree::new().with_lang(Some(self.language.clone()));
        for child in &pages.tree {
            if let Child::Branch(branch) = child {
                tree.push(group(branch, &found));
            }
        }
        file.set_tag_tree(tree);
        let mut outline = Outline::new();
        for (text, page, y) in &pages.outline {
            let place = XyzDestination::new(*page, Point::from_xy(0.0, *y));
            outline.push_child(OutlineNode::new(text.clone(), place));
        }
        file.set_outline(outline);
        file.set_metadata(self.metadata());
        file.finish().map_err(|error| PdfError(format!("{error:?}")))
    }

    fn metadata(&self) -> Metadata {
        let Date { year, month, day } = self.date;
        Metadata::new()
            .title(self.title.clone())
            .authors(vec![self.author.clone()])
            .creator("Recoup".to_owned())
            .language(self.language.clone())
            .creation_date(DateTime::new(year).month(month).day(day).hour(0).minute(0).second(0))
    }
}

fn group(branch: &Branch, found: &[Option<Identifier>]) -> TagGroup {
    let mut group = TagGroup::new(tag(&branch.role));
    for child in &branch.children {
        match child {
            Child::Branch(branch) => group.push(self::group(branch, found)),
            Child::Leaf(leaf) => {
                if let Some(identifier) = found.get(*leaf).copied().flatten() {
                    group.push(identifier);
                }
            }
        }
    }
    group
}

fn tag(role: &Role) -> TagKind {
    match role {
        Role::Heading(level, text) => {
            Tag::Hn(NonZeroU16::new(*level).unwrap_or(NonZeroU16::MIN), Some(text.clone())).into()
        }
        Role::Paragraph => Tag::P.into(),
        Role::List(true) => Tag::L(ListNumbering::Decimal).into(),
        Role::List(false) => Tag::L(ListNumbering::Disc).into(),
        Role::Item => Tag::LI.into(),
        Role::Label => Tag::Lbl.into(),
        Role::Body => Tag::LBody.into(),
        Role::Link => Tag::Link.into(),
        Role::Table => Tag::Table.into(),
        Role::TableHead => Tag::THead.into(),
        Role::TableBody => Tag::TBody.into(),
        Role::Row => Tag::TR.into(),
        Role::HeadCell => Tag::TH(TableHeaderScope::Column).into(),
        Role::RowHead => Tag::TH(TableHeaderScope::Row).into(),
        Role::Cell => Tag::TD.into(),
        Role::Figure(alt) => Tag::Figure(Some(alt.clone())).into(),
        Role::Caption => Tag::Caption.into(),
    }
}

/// What opens an address.
fn opening(place: &Place) -> Option<Annotation> {
    let Place { x, y, width, height, address, .. } = place;
    let target = Target::Action(Action::Link(LinkAction::new(address.clone())));
    let link = LinkAnnotation::new(Rect::from_xywh(*x, *y, *width, *height)?, target);
    Some(Annotation::new_link(link, Some(address.clone())))
}

fn draw_piece(surface: &mut Surface<'_>, fonts: &Fonts, piece: &Piece, found: &mut [Option<Identifier>]) {
    let only_text = piece.marks.iter().all(|mark| matches!(mark, Mark::Text { .. }));
    let content = match piece.leaf {
        None => ContentTag::Artifact(Artifact::default()),
        Some(_) if only_text => ContentTag::Span(SpanTag::empty().with_actual_text(piece.meant.as_deref())),
        Some(_) => ContentTag::Other,
    };
    let identifier = surface.start_tagged(content);
    for mark in &piece.marks {
        draw(surface, fonts, mark);
    }
    surface.end_tagged();
    if let Some(place) = piece.leaf.and_then(|leaf| found.get_mut(leaf)) {
        *place = Some(identifier);
    }
}

fn draw(surface: &mut Surface<'_>, fonts: &Fonts, mark: &Mark) {
    match mark {
        Mark::Line { from, to, width, ink } => stroke(surface, line(&[*from, *to]), pen(*width, *ink, false)),
        Mark::Path { points, width, dashed, ink } => stroke(surface, line(points), pen(*width, *ink, *dashed)),
        Mark::Arc { x, y, radius, from, to, width, ink } => {
            stroke(surface, arc((*x, *y), *radius, *from, *to), pen(*width, *ink, false));
        }
        Mark::Area { points, ink } => fill(surface, polygon(points), ink.tint()),
        Mark::Rect { x, y, width, height, radius, ink } => {
            fill(surface, rect(*x, *y, *width, *height, *radius), ink.rgb());
        }
        Mark::Dot { x, y, radius, ink } => {
            fill(surface, rect(x - radius, y - radius, radius * 2.0, radius * 2.0, *radius), ink.rgb());
        }
        Mark::Text { x, y, size, weight, align, ink, text } => {
            let face = weight.face();
            let text = face.shown(text);
            let wide = face.width(&text, *size);
            let start = match align {
                Align::Left => *x,
                Align::Middle => x - wide / 2.0,
                Align::Right => x - wide,
            };
            if !text.is_empty() && start.is_finite() && y.is_finite() {
                surface.set_fill(Some(paint(ink.rgb())));
                surface.set_stroke(None);
                let (place, font) = (Point::from_xy(start, *y), fonts.of(*weight));
                surface.draw_glyphs(place, &face.glyphs(&text), font, &text, *size, false);
            }
        }
    }
}

fn paint((red, green, blue): (u8, u8, u8)) -> Fill {
    Fill { paint: rgb::Color::new(red, green, blue).into(), ..Fill::default() }
}

fn pen(width: f32, ink: Ink, dashed: bool) -> Stroke {
    let (red, green, blue) = ink.rgb();
    Stroke {
        paint: rgb::Color::new(red, green, blue).into(),
        width,
        line_cap: LineCap::Round,
        line_join: LineJoin::Round,
        dash: dashed.then(|| StrokeDash { array: vec![3.0, 4.0], offset: 0.0 }),
        ..Stroke::default()
    }
}

fn stroke(surface: &mut Surface<'_>, path: Option<Path>, pen: Stroke) {
    if let Some(path) = path {
        surface.set_fill(None);
        surface.set_stroke(Some(pen));
        surface.draw_path(&path);
        surface.set_stroke(None);
    }
}

fn fill(surface: &mut Surface<'_>, path: Option<Path>, colour: (u8, u8, u8)) {
    if let Some(path) = path {
        surface.set_stroke(None);
        surface.set_fill(Some(paint(colour)));
        surface.draw_path(&path);
    }
}

/// Through points; one alone is a dot.
fn line(points: &[(f32, f32)]) -> Option<Path> {
    let mut path = PathBuilder::new();
    let mut points = points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
    let first = points.next()?;
    path.move_to(first.0, first.1);
    let mut alone = true;
    for (x, y) in points {
        path.line_to(*x, *y);
        alone = false;
    }
    if alone {
        path.line_to(first.0 + 0.01, first.1);
    }
    path.finish()
}

/// An area between points, closed; none of fewer than three.
fn polygon(points: &[(f32, f32)]) -> Option<Path> {
    let mut points = points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
    let first = points.next()?;
    let mut path = PathBuilder::new();
    path.move_to(first.0, first.1);
    let mut corners = 1;
    for (x, y) in points {
        path.line_to(*x, *y);
        corners += 1;
    }
    if corners < 3 {
        return None;
    }
    path.close();
    path.finish()
}

/// A part of a circle, clockwise, in pieces of an eighth at most.
fn arc((x, y): (f32, f32), radius: f32, from: f32, to: f32) -> Option<Path> {
    let turn = to - from;
    if !(turn.is_finite() && turn > 0.0 && radius > 0.0) {
        return None;
    }
    let pieces = (turn / std::f32::consts::FRAC_PI_4).ceil().max(1.0);
    let step = turn / pieces;
    let pull = radius * (4.0 / 3.0) * (step / 4.0).tan();
    let mut path = PathBuilder::new();
    path.move_to(x + radius * from.cos(), y + radius * from.sin());
    for n in 0..pieces as usize {
        let (begin, close) = (from + step * n as f32, from + step * (n as f32 + 1.0));
        let start = (x + radius * begin.cos(), y + radius * begin.sin());
        let end = (x + radius * close.cos(), y + radius * close.sin());
        path.cubic_to(
            start.0 - pull * begin.sin(),
            start.1 + pull * begin.cos(),
            end.0 + pull * close.sin(),
            end.1 - pull * close.cos(),
            end.0,
            end.1,
        );
    }
    path.finish()
}

/// A rectangle, its corners rounded where a radius is given.
fn rect(x: f32, y: f32, width: f32, height: f32, radius: f32) -> Option<Path> {
    let whole = Rect::from_xywh(x, y, width, height)?;
    let mut path = PathBuilder::new();
    let radius = radius.min(width / 2.0).min(height / 2.0);
    if radius <= 0.0 {
        path.push_rect(whole);
        return path.finish();
    }
    let (right, bottom, pull) = (x + width, y + height, radius * (1.0 - KAPPA));
    path.move_to(x + radius, y);
    path.line_to(right - radius, y);
    path.cubic_to(right - pull, y, right, y + pull, right, y + radius);
    path.line_to(right, bottom - radius);
    path.cubic_to(right, bottom - pull, right - pull, bottom, right - radius, bottom);
    path.line_to(x + radius, bottom);
    path.cubic_to(x + pull, bottom, x, bottom - pull, x, bottom - radius);
    path.line_to(x, y + radius);
    path.cubic_to(x, y + pull, x + pull, y, x + radius, y);
    path.close();
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Block, Column, Fact, Facts, KeyFigure, List, Paper, Table};
    use crate::drawing::Drawing;

    /// Everything a document can hold, with text that no font of ours can draw.
    fn odd() -> Document {
        let columns = ["Name", "Amount"].map(|name| Column { name: name.to_owned(), align: Align::Left, share: 1.0 });
        let rows = (0..120).map(|n| vec![format!("Row {n} 田中 🦷 \u{e000}"), "\u{0}\u{7}".to_owned()]).collect();
        let dots = vec![Mark::Dot { x: 5.0, y: 5.0, radius: 2.0, ink: Ink::Won }];
        Document {
            title: "Title".to_owned(),
            author: "Northwind".to_owned(),
            language: "en".to_owned(),
            date: Date { year: 2026, month: 11, day: 27 },
            paper: Paper::A4,
            footer: "Foot".to_owned(),
            blocks: vec![
                Block::Title { text: "Über alles".to_owned(), note: String::new() },
                Block::Heading("田".to_owned()),
                Block::Text(String::new()),
                Block::List(List { numbered: true, items: vec!["One\nTwo".to_owned()] }),
                Block::Figures(vec![KeyFigure {
                    label: "Paid".to_owned(),
                    value: "€ 1,000,000,000,000,000,000".to_owned(),
                    change: String::new(),
                    tone: Ink::Won,
                    note: "n".repeat(400),
                }]),
                Block::Table(Table { caption: "Caption".to_owned(), columns: columns.into(), rows }),
                Block::FinePrint(List { numbered: false, items: vec!["田".repeat(300)] }),
                Block::Facts(Facts {
                    caption: "Facts".to_owned(),
                    facts: vec![
                        Fact { label: "🦷".repeat(90), value: "\u{0}".to_owned(), note: "n".repeat(2000) },
                        Fact::default(),
                        Fact { label: String::new(), value: "v".repeat(90), note: String::new() },
                    ],
                }),
                Block::Link { text: "Here:".to_owned(), address: format!("https://x.test/{}", "a 田".repeat(90)) },
                Block::Link { text: String::new(), address: "javascript:alert(1)".to_owned() },
                Block::Chart {
                    caption: "Chart".to_owned(),
                    drawing: Drawing { width: 10.0, height: 10.0, alt: "a dot".to_owned(), marks: dots },
                },
            ],
        }
    }

    #[test]
    fn whatever_the_text_the_file_keeps_the_rules_of_accessibility() {
        let document = odd();
        let pages = Layout::of(&document);
        assert!(pages.pages.len() > 2);
        let strict = document.write(&pages, true).expect("PDF/UA-1");
        assert_eq!(strict, document.render().expect("a file"));
    }

    #[test]
    fn an_address_of_the_web_opens_and_no_other() {
        let pages = Layout::of(&odd());
        assert!(pages.links.len() > 1, "one for every line of it");
        assert!(pages.links.iter().all(|place| place.address.starts_with("https://x.test/") && place.width > 0.0));
    }
}
