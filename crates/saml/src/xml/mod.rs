//! XML as SAML needs it: a small tree that keeps prefixes and scopes, so that the very tree that was signed can be
//! canonicalised again.
//!
//! One parser serves signature and reading; two would give an attacker a document that says one thing to each.

mod canonical;
mod name;
mod parse;

use std::sync::Arc;

pub use canonical::{Canonicalization, canonicalize, canonicalize_without};
pub(crate) use canonical::{escape_attribute, push_attribute};
pub use parse::{MAX_DEPTH, MAX_ELEMENTS, XmlError, parse};

/// The namespaces that are in scope somewhere: prefix (empty for the default one) and URI, sorted by prefix.
pub(crate) type Scope = Vec<(Arc<str>, Arc<str>)>;

/// An element with everything below it.
#[derive(Clone, Debug)]
pub struct Element {
    /// As written; empty without one.
    pub(crate) prefix: Arc<str>,
    pub(crate) local: String,
    /// The URI that the prefix stands for; empty for none.
    pub(crate) namespace: Arc<str>,
    /// Without namespace declarations, in the order written.
    pub(crate) attributes: Vec<Attribute>,
    /// What is declared here and above.
    pub(crate) scope: Arc<Scope>,
    pub(crate) children: Vec<Node>,
}

/// An attribute that is no namespace declaration.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub prefix: Arc<str>,
    pub local: String,
    pub namespace: Arc<str>,
    pub value: String,
}

/// What an element contains.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Element(Element),
    /// Text, CDATA sections and resolved references, joined.
    Text(String),
    Comment(String),
    Instruction {
        target: String,
        data: String,
    },
}

impl Element {
    /// Whether this is the element of that namespace and name.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        &*self.namespace == namespace && self.local == local
    }

    /// The name as written, for messages.
    pub fn name(&self) -> &str {
        &self.local
    }

    /// An attribute without a prefix.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.namespace.is_empty() && attribute.local == local)
            .map(|attribute| attribute.value.as_str())
    }

    /// The elements directly below.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }

    /// The elements of that name directly below.
    pub fn children<'a>(&'a self, namespace: &'a str, local: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |element| element.is(namespace, local))
    }

    /// The first element of that name directly below.
    pub fn child(&self, namespace: &str, local: &str) -> Option<&Element> {
        self.elements().find(|element| element.is(namespace, local))
    }

    /// All the text directly inside, whatever comments stand between, without white space around it.
    ///
    /// A reader that took the first text node only would see `admin@x.example` in
    /// `admin@x.example<!-- -->.evil.example`.
    pub fn text(&self) -> String {
        let mut whole = String::new();
        for node in &self.children {
            if let Node::Text(text) = node {
                whole.push_str(text);
            }
        }
        whole.trim().to_owned()
    }

    /// Calls `visit` for this element and every one below.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Element)) {
        visit(self);
        for element in self.elements() {
            element.walk(visit);
        }
    }

    /// Whether a processing instruction stands anywhere inside.
    pub fn has_instructions(&self) -> bool {
        self.children.iter().any(|node| match node {
            Node::Instruction { .. } => true,
            Node::Element(element) => element.has_instructions(),
            Node::Text(_) | Node::Comment(_) => false,
        })
    }
}
