//! Exclusive XML Canonicalization 1.0 (<https://www.w3.org/TR/xml-exc-c14n/>) of an element and everything below.

use std::sync::Arc;

use super::{Attribute, Element, Node};

/// Which of the two variants, and which prefixes are treated as inclusive canonicalisation would.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canonicalization {
    /// Whether comments are part of the result.
    pub comments: bool,
    /// The `PrefixList` of `InclusiveNamespaces`; `#default` is the empty prefix here.
    pub inclusive: Vec<String>,
}

/// The canonical bytes of an element.
pub fn canonicalize(element: &Element, how: &Canonicalization) -> Vec<u8> {
    canonicalize_without(element, how, None)
}

/// The canonical bytes of an element without one element below it, which is told by identity and not by name.
pub fn canonicalize_without(element: &Element, how: &Canonicalization, without: Option<&Element>) -> Vec<u8> {
    let mut writer = Writer { out: String::new(), how, without };
    writer.element(element, &[]);
    writer.out.into_bytes()
}

/// Prefix and URI of a declaration that was written.
type Declared = (Arc<str>, Arc<str>);

struct Writer<'a> {
    out: String,
    how: &'a Canonicalization,
    without: Option<&'a Element>,
}

impl Writer<'_> {
    /// `above` is what the written ancestors have declared, the nearest last.
    fn element(&mut self, element: &Element, above: &[Declared]) {
        if self.without.is_some_and(|without| std::ptr::eq(without, element)) {
            return;
        }
        let new = self.declarations(element, above);
        self.out.push('<');
        self.name(&element.prefix, &element.local);
        for (prefix, uri) in &new {
            self.out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            self.out.push_str(prefix);
            self.out.push_str("=\"");
            escape_attribute(&mut self.out, uri);
            self.out.push('"');
        }
        let mut attributes: Vec<&Attribute> = element.attributes.iter().collect();
        attributes.sort_by(|a, b| (&a.namespace, &a.local).cmp(&(&b.namespace, &b.local)));
        for attribute in attributes {
            self.out.push(' ');
            self.name(&attribute.prefix, &attribute.local);
            self.out.push_str("=\"");
            escape_attribute(&mut self.out, &attribute.value);
            self.out.push('"');
        }
        self.out.push('>');
        let mut declared = above.to_vec();
        declared.extend(new);
        for node in &element.children {
            self.node(node, &declared);
        }
        self.out.push_str("</");
        self.name(&element.prefix, &element.local);
        self.out.push('>');
    }

    fn node(&mut self, node: &Node, declared: &[Declared]) {
        match node {
            Node::Element(element) => self.element(element, declared),
            Node::Text(text) => escape_text(&mut self.out, text),
            Node::Comment(comment) if self.how.comments => {
                self.out.push_str("<!--");
                self.out.push_str(comment);
                self.out.push_str("-->");
            }
            Node::Comment(_) => {}
            Node::Instruction { target, data } => {
                self.out.push_str("<?");
                self.out.push_str(target);
                if !data.is_empty() {
                    self.out.push(' ');
                    self.out.push_str(data);
                }
                self.out.push_str("?>");
            }
        }
    }

    fn name(&mut self, prefix: &str, local: &str) {
        if !prefix.is_empty() {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(local);
    }

    /// The declarations to write on an element: of the prefixes it uses itself and of the inclusive ones in scope,
    /// unless a written ancestor has declared the same. Sorted by prefix, the default first.
    fn declarations(&self, element: &Element, above: &[Declared]) -> Vec<Declared> {
        let used = element.attributes.iter().map(|attribute| &*attribute.prefix).filter(|prefix| !prefix.is_empty());
        let mut wanted: Vec<&str> = used.chain([&*element.prefix]).collect();
        let in_scope = |prefix: &str| element.scope.iter().any(|(known, _)| &**known == prefix);
        // The default namespace counts as in scope where nothing declares it: an ancestor's may have to be undone.
        wanted.extend(self.how.inclusive.iter().map(String::as_str).filter(|p| p.is_empty() || in_scope(p)));
        wanted.sort_unstable();
        wanted.dedup();
        let mut new = Vec::new();
        for prefix in wanted.into_iter().filter(|prefix| *prefix != "xml") {
            let here = element.scope.iter().find(|(known, _)| &**known == prefix);
            let uri = here.map_or_else(|| Arc::from(""), |(_, uri)| Arc::clone(uri));
            let before = above.iter().rev().find(|(known, _)| &**known == prefix).map(|(_, uri)| &**uri);
            // No declaration above is the same as an empty default namespace.
            if before.unwrap_or_default() != &*uri {
                new.push((Arc::from(prefix), uri));
            }
        }
        new
    }
}

fn escape_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            _ => out.push(c),
        }
    }
}

/// Writes ` name="value"`; our own documents are written with this too.
pub(crate) fn push_attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape_attribute(out, value);
    out.push('"');
}

/// Good for text as well, where it escapes more than it needs to.
pub(crate) fn escape_attribute(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            _ => out.push(c),
        }
    }
}
