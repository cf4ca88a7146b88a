//! Tables: columns share the width, cells wrap, the head stands on every page that the table reaches.

use crate::block::Table;
use crate::drawing::{Align, Ink};
use crate::font::Weight;
use crate::layout::{Branch, CAPTION, Child, Layout, MARGIN, Role, Style};
use crate::text::{self, Line};

const HEAD: Style = Style::new(8.5, 11.5, Weight::SemiBold, Ink::Soft);
const CELL: Style = Style::new(9.0, 12.0, Weight::Regular, Ink::Text);
/// Above and below the text of a row.
const PAD: f32 = 3.0;
/// Between columns.
const GAP: f32 = 10.0;

/// A column's place on the page.
#[derive(Clone, Copy)]
struct Place {
    x: f32,
    width: f32,
    align: Align,
}

impl Layout {
    pub(crate) fn table(&mut self, table: &Table) {
        if table.columns.is_empty() {
            return;
        }
        let places = places(table, self.inner());
        let head = head_of(table, &places);
        self.need(self.table_beginning(table));
        let mut children = Vec::new();
        if !table.caption.is_empty() {
            let caption = text::fit(&table.caption, CAPTION.weight, CAPTION.size, self.inner());
            let baseline = self.y + 10.0;
            let caption = self.line(caption, CAPTION, (MARGIN, baseline), Align::Left);
            children.push(Branch::of(Role::Caption, vec![caption]));
            self.y += CAPTION.leading + 3.0;
        }
        let cells = self.row(&head, &places, HEAD, |_| Role::HeadCell);
        children.push(Branch::of(Role::TableHead, vec![Branch::of(Role::Row, cells)]));
        let most = self.most_lines(&head);
        let mut rows = Vec::new();
        for row in &table.rows {
            let words = cells_of(row, &places, most);
            if self.need(height(&words, CELL)) {
                self.head_again(&head, &places);
            }
            let cells = self.row(&words, &places, CELL, |place| if place == 0 { Role::RowHead } else { Role::Cell });
            rows.push(Branch::of(Role::Row, cells));
        }
        if !rows.is_empty() {
            children.push(Branch::of(Role::TableBody, rows));
        }
        self.tree.push(Branch::of(Role::Table, children));
        self.y += 9.0;
    }

    /// What stays together at its beginning: the caption, the head and the first row.
    pub(crate) fn table_beginning(&self, table: &Table) -> f32 {
        let places = places(table, self.inner());
        let head = head_of(table, &places);
        let most = self.most_lines(&head);
        let caption = if table.caption.is_empty() { 0.0 } else { CAPTION.leading + 3.0 };
        let first = table.rows.first().map_or(0.0, |row| height(&cells_of(row, &places, most), CELL));
        caption + height(&head, HEAD) + first
    }

    /// The most lines of a row: what a page holds under the head.
    fn most_lines(&self, head: &[Vec<Line>]) -> usize {
        ((self.whole() - height(head, HEAD) - 2.0 * PAD) / CELL.leading).max(1.0) as usize
    }

    /// Draws a row and the hairline under it; the cells of its branch.
    fn row(&mut self, cells: &[Vec<Line>], places: &[Place], style: Style, role: impl Fn(usize) -> Role) -> Vec<Child> {
        let top = self.y;
        let mut children = Vec::new();
        for (number, (lines, place)) in cells.iter().zip(places).enumerate() {
            let x = if place.align == Align::Right { place.x + place.width } else { place.x };
            let mut leaves = Vec::new();
            for (n, line) in lines.iter().enumerate() {
                let baseline = top + PAD + style.leading * (n as f32 + 0.5) + style.size * 0.36;
                leaves.push(self.line(line.clone(), style, (x, baseline), place.align));
            }
            children.push(Branch::of(role(number), leaves));
        }
        self.y = top + height(cells, style);
        let width = self.inner();
        let y = self.y;
        self.hairline(MARGIN, y, width);
        children
    }

    /// The head on a page after the first: it is read aloud once.
    fn head_again(&mut self, head: &[Vec<Line>], places: &[Place]) {
        let leaves = self.leaves;
        self.row(head, places, HEAD, |_| Role::HeadCell);
        if let Some(page) = self.pages.last_mut() {
            for piece in page.iter_mut().filter(|piece| piece.leaf.is_some_and(|leaf| leaf >= leaves)) {
                piece.leaf = None;
                piece.meant = None;
            }
        }
        // Nothing was numbered after it, so the numbers can be given again.
        self.leaves = leaves;
    }
}

/// The lines of the head's cells.
fn head_of(table: &Table, places: &[Place]) -> Vec<Vec<Line>> {
    let cells = table.columns.iter().zip(places);
    cells.map(|(column, place)| text::wrap(&column.name, HEAD.weight, HEAD.size, place.width)).collect()
}

/// The lines of a row's cells, each cut at what a page can hold.
fn cells_of(row: &[String], places: &[Place], most: usize) -> Vec<Vec<Line>> {
    places
        .iter()
        .enumerate()
        .map(|(number, place)| {
            let text = row.get(number).map_or("", String::as_str);
            let mut lines = text::wrap(text, CELL.weight, CELL.size, place.width);
            if lines.len() > most {
                lines.truncate(most);
                if let Some(last) = lines.last_mut() {
                    *last = Line::new(CELL.weight, "…");
                }
            }
            lines
        })
        .collect()
}

fn height(cells: &[Vec<Line>], style: Style) -> f32 {
    let lines = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
    lines as f32 * style.leading + 2.0 * PAD
}

fn places(table: &Table, inner: f32) -> Vec<Place> {
    let count = table.columns.len() as f32;
    let room = inner - GAP * (count - 1.0);
    let share = |share: f32| if share.is_finite() && share > 0.0 { share } else { 1.0 };
    let whole: f32 = table.columns.iter().map(|column| share(column.share)).sum();
    let mut x = MARGIN;
    table
        .columns
        .iter()
        .map(|column| {
            let width = (room * share(column.share) / whole).max(4.0);
            let place = Place { x, width, align: column.align };
            x += width + GAP;
            place
        })
        .collect()
}
