//! Text into a tree, strictly: UTF-8, no document type, no entities but the five of XML itself, and bounds on everything.
//!
//! `quick-xml` finds the pieces; what it lets pass and XML forbids is refused here.

use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesDecl, BytesPI, BytesStart, Event};

use super::{Attribute, Element, Node, Scope, name};

/// The deepest nesting that is read; SAML needs about ten levels.
pub const MAX_DEPTH: usize = 48;
/// The most elements that are read; metadata of a large federation member has some hundreds.
pub const MAX_ELEMENTS: usize = 20_000;
/// The most attributes and declarations on one element.
const MAX_ATTRIBUTES: usize = 64;
/// The most namespaces in scope at once.
const MAX_NAMESPACES: usize = 64;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// Why a text is not read as XML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// More bytes than the caller takes.
    #[error("the document is larger than {0} bytes")]
    TooLarge(usize),
    /// Not the encoding that is read.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// `<!DOCTYPE`: the way to entity bombs and to files of the server.
    #[error("the document has a document type declaration, which is refused")]
    DocumentType,
    /// An entity that a document type would have to define.
    #[error("the document uses the entity &{0};, which XML itself does not define")]
    Entity(String),
    /// Deeper than [`MAX_DEPTH`].
    #[error("the document is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Elements, attributes or namespaces beyond the bounds.
    #[error("the document has too many {0}")]
    TooMany(&'static str),
    /// The same attribute twice.
    #[error("the element {0} has the same attribute twice")]
    DuplicateAttribute(String),
    /// A prefix that nothing declares.
    #[error("the prefix {0} is not declared")]
    UnknownPrefix(String),
    /// Anything else that XML does not allow.
    #[error("the document is not well-formed XML: {0}")]
    Malformed(String),
}

/// Reads a document of at most `limit` bytes and gives its root.
pub fn parse(bytes: &[u8], limit: usize) -> Result<Element, XmlError> {
    if bytes.len() > limit {
        return Err(XmlError::TooLarge(limit));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::NotUtf8)?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if !text.chars().all(name::is_char) {
        return Err(malformed("a control character"));
    }
    // XML 1.0 §2.11: line ends are one line feed before anything else looks at them.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_comments = true;
    let mut builder = Builder::default();
    let mut first = true;
    loop {
        let event = reader.read_event().map_err(|error| malformed(error.to_string()))?;
        match event {
            Event::Decl(declaration) if first => check_declaration(&declaration)?,
            Event::Decl(_) => return Err(malformed("an XML declaration inside")),
            Event::DocType(_) => return Err(XmlError::DocumentType),
            Event::Start(start) => builder.open(&start)?,
            Event::Empty(start) => {
                builder.open(&start)?;
                builder.close()?;
            }
            Event::End(_) => builder.close()?,
            Event::Text(text) => {
                if text.contains("]]>") {
                    return Err(malformed("]]> in text"));
                }
                builder.text(&text)?;
            }
            Event::CData(data) => builder.section(&data)?,
            Event::GeneralRef(reference) => {
                let resolved = resolve(&reference)?;
                builder.reference(resolved)?;
            }
            Event::Comment(comment) => builder.comment(&comment),
            Event::PI(instruction) => builder.instruction(&instruction)?,
            Event::Eof => return builder.finish(),
        }
        first = false;
    }
}

fn malformed(what: impl Into<String>) -> XmlError {
    XmlError::Malformed(what.into())
}

fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), XmlError> {
    let version = declaration.version().map_err(|error| malformed(error.to_string()))?;
    if version != "1.0" {
        return Err(malformed("only XML 1.0 is read"));
    }
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(encoding)) if encoding.eq_ignore_ascii_case("utf-8") => Ok(()),
        Some(_) => Err(XmlError::NotUtf8),
    }
}

/// A reference without its `&` and `;`.
fn resolve(reference: &str) -> Result<char, XmlError> {
    let named = match reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => None,
    };
    if let Some(named) = named {
        return Ok(named);
    }
    let Some(number) = reference.strip_prefix('#') else {
        return Err(XmlError::Entity(reference.chars().take(40).collect()));
    };
    let code = match number.strip_prefix('x') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => u32::from_str_radix(digits, 16).ok(),
        None if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok(),
        _ => None,
    };
    code.and_then(char::from_u32).filter(|c| name::is_char(*c)).ok_or_else(|| malformed("a wrong character reference"))
}

#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Builder {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), XmlError> {
        if self.root.is_some() {
            return Err(malformed("a second root element"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(XmlError::TooDeep);
        }
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(XmlError::TooMany("elements"));
        }
        let above = self.open.last().map(|element| Arc::clone(&element.scope)).unwrap_or_default();
        self.open.push(element(start, above)?);
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        // The reader has checked that the names fit.
        let done = self.open.pop().ok_or_else(|| malformed("an end tag too many"))?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(done)),
            None => self.root = Some(done),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        let Some(parent) = self.open.last_mut() else {
            return if text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n')) {
                Ok(())
            } else {
                Err(malformed("text outside the root element"))
            };
        };
        match parent.children.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ if text.is_empty() => {}
            _ => parent.children.push(Node::Text(text.to_owned())),
        }
        Ok(())
    }

    fn section(&mut self, data: &str) -> Result<(), XmlError> {
        if self.open.is_empty() {
            return Err(malformed("a CDATA section outside the root element"));
        }
        self.text(data)
    }

    fn reference(&mut self, resolved: char) -> Result<(), XmlError> {
        if self.open.is_empty() {
            return Err(malformed("a reference outside the root element"));
        }
        self.text(resolved.encode_utf8(&mut [0; 4]))
    }

    fn comment(&mut self, comment: &str) {
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(Node::Comment(comment.to_owned()));
        }
    }

    fn instruction(&mut self, instruction: &BytesPI<'_>) -> Result<(), XmlError> {
        let target = instruction.target();
        if !name::is_plain(target) || target.eq_ignore_ascii_case("xml") {
            return Err(malformed("a wrong processing instruction"));
        }
        let data = instruction.content().trim_start_matches([' ', '\t', '\n']).to_owned();
        if let Some(parent) = self.open.last_mut() {
            parent.children.push(Node::Instruction { target: target.to_owned(), data });
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, XmlError> {
        match self.root {
            Some(root) if self.open.is_empty() => Ok(root),
            _ => Err(malformed("it ends too early")),
        }
    }
}

fn element(start: &BytesStart<'_>, above: Arc<Scope>) -> Result<Element, XmlError> {
    let qualified = start.name().into_inner();
    let (prefix, local) = name::split(qualified).ok_or_else(|| malformed("a wrong element name"))?;
    let written = attributes(start.attributes_raw(), qualified)?;
    let scope = declare(&written, above)?;
    let mut attributes = Vec::new();
    for (qualified, value) in written {
        if qualified == "xmlns" || qualified.starts_with("xmlns:") {
            continue;
        }
        let (prefix, local) = name::split(qualified).ok_or_else(|| malformed("a wrong attribute name"))?;
        let namespace = if prefix.is_empty() { Arc::from("") } else { look_up(&scope, prefix)? };
        attributes.push(Attribute { prefix: Arc::from(prefix), local: local.to_owned(), namespace, value });
    }
    for (at, one) in attributes.iter().enumerate() {
        // Two prefixes of one namespace name the same attribute.
        if attributes[..at].iter().any(|other| other.local == one.local && other.namespace == one.namespace) {
            return Err(XmlError::DuplicateAttribute(local.to_owned()));
        }
    }
    let namespace = look_up(&scope, prefix)?;
    let (prefix, local) = (Arc::from(prefix), local.to_owned());
    Ok(Element { prefix, local, namespace, attributes, scope, children: Vec::new() })
}

/// What a prefix stands for here; the empty prefix may stand for nothing.
fn look_up(scope: &Scope, prefix: &str) -> Result<Arc<str>, XmlError> {
    if prefix == "xml" {
        return Ok(Arc::from(XML));
    }
    match scope.binary_search_by(|(known, _)| (**known).cmp(prefix)) {
        Ok(at) => Ok(Arc::clone(&scope[at].1)),
        Err(_) if prefix.is_empty() => Ok(Arc::from("")),
        Err(_) => Err(XmlError::UnknownPrefix(prefix.to_owned())),
    }
}

/// The scope with the declarations of one element added.
fn declare(written: &[(&str, String)], above: Arc<Scope>) -> Result<Arc<Scope>, XmlError> {
    let mut scope = above;
    for (qualified, uri) in written {
        let prefix = match qualified.strip_prefix("xmlns") {
            Some("") => "",
            Some(rest) if rest.starts_with(':') && name::is_plain(&rest[1..]) => &rest[1..],
            Some(rest) if rest.starts_with(':') => return Err(malformed("a wrong prefix")),
            _ => continue,
        };
        // The two fixed prefixes are never declared by anybody honest; leaving them alone leaves nothing to get wrong.
        let reserved = prefix == "xml" || prefix == "xmlns" || uri == XML || uri == XMLNS;
        if reserved || (uri.is_empty() && !prefix.is_empty()) {
            return Err(malformed("a declaration of a reserved or an empty namespace"));
        }
        let known = Arc::make_mut(&mut scope);
        let entry = (Arc::from(prefix), Arc::from(uri.as_str()));
        match known.binary_search_by(|(other, _)| (**other).cmp(prefix)) {
            Ok(at) => known[at] = entry,
            Err(at) => known.insert(at, entry),
        }
        if known.len() > MAX_NAMESPACES {
            return Err(XmlError::TooMany("namespaces"));
        }
    }
    Ok(scope)
}

/// Reads what follows the name in a start tag: ` name="value"`, any number of times.
fn attributes<'a>(raw: &'a str, element: &str) -> Result<Vec<(&'a str, String)>, XmlError> {
    let space = [' ', '\t', '\n'];
    let mut found: Vec<(&str, String)> = Vec::new();
    let mut rest = raw;
    loop {
        let trimmed = rest.trim_start_matches(space);
        if trimmed.is_empty() {
            return Ok(found);
        }
        if trimmed.len() == rest.len() {
            return Err(malformed("no space before an attribute"));
        }
        let (name, after) = trimmed.split_once('=').ok_or_else(|| malformed("an attribute without a value"))?;
        let name = name.trim_end_matches(space);
        let after = after.trim_start_matches(space);
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let quote = quote.ok_or_else(|| malformed("an attribute without quotes"))?;
        let (value, after) = after[1..].split_once(quote).ok_or_else(|| malformed("an attribute without an end"))?;
        if found.iter().any(|(known, _)| *known == name) {
            return Err(XmlError::DuplicateAttribute(element.to_owned()));
        }
        if found.len() >= MAX_ATTRIBUTES {
            return Err(XmlError::TooMany("attributes"));
        }
        found.push((name, attribute_value(value)?));
        rest = after;
    }
}

/// XML 1.0 §3.3.3 for attributes without a declared type: white space as written is a space, as a reference stays.
fn attribute_value(raw: &str) -> Result<String, XmlError> {
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '<', '\t', '\n']) {
        value.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'<' => return Err(malformed("< in an attribute")),
            b'&' => {
                let (reference, after) =
                    rest[at + 1..].split_once(';').ok_or_else(|| malformed("a reference without an end"))?;
                value.push(resolve(reference)?);
                rest = after;
            }
            _ => {
                value.push(' ');
                rest = &rest[at + 1..];
            }
        }
    }
    value.push_str(rest);
    Ok(value)
}
