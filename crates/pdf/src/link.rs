//! Addresses that open.

use crate::drawing::{Align, Ink};
use crate::layout::{Branch, Child, Layout, MARGIN, Role, Style, TEXT};
use crate::text;

/// A part of a page that opens an address.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// Its number among the pieces.
    pub(crate) leaf: usize,
    pub(crate) page: usize,
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) address: String,
}

impl Layout {
    /// A paragraph, and an address under it. Only an address of the web opens.
    pub(crate) fn link(&mut self, words: &str, address: &str) {
        let width = self.inner();
        // The words stay with the address.
        self.need(2.0 * TEXT.leading);
        let mut children = self.flow(words, TEXT, MARGIN, width);
        let style = Style { ink: Ink::Accent, ..TEXT };
        let opens = address.starts_with("https://") || address.starts_with("http://");
        let mut parts = Vec::new();
        for line in text::wrap(address, style.weight, style.size, width) {
            self.need(style.leading);
            if opens {
                let wide = style.weight.face().width(&line.shown, style.size);
                parts.push(self.opening(address, wide, style.leading));
            }
            let baseline = self.y + style.leading * 0.5 + style.size * 0.36;
            parts.push(self.line(line, style, (MARGIN, baseline), Align::Left));
            self.y += style.leading;
        }
        if opens {
            children.push(Branch::of(Role::Link, parts));
        } else {
            children.extend(parts);
        }
        self.tree.push(Branch::of(Role::Paragraph, children));
        self.y += 7.0;
    }

    /// A line's room from the margin, as a part of the page that opens.
    fn opening(&mut self, address: &str, width: f32, height: f32) -> Child {
        let (leaf, page, y) = (self.leaves, self.pages.len() - 1, self.y);
        self.leaves += 1;
        self.links.push(Place { leaf, page, x: MARGIN, y, width, height, address: address.to_owned() });
        Child::Leaf(leaf)
    }
}
