//! Exclusive canonicalisation against vectors that `lxml` (libxml2) computed: documents written by hand for every rule, and
//! random ones. (`lxml` does not know `#default`; that vector is what `xmlsec1` digests.)

use saml::xml::{Canonicalization, Element, canonicalize, parse};
use serde::Deserialize;

use crate::support::fixture;

#[derive(Deserialize)]
struct Case {
    name: String,
    document: String,
    comments: bool,
    inclusive: Vec<String>,
    expected: String,
}

fn apex(root: &Element) -> &Element {
    let mut found = None;
    root.walk(&mut |element| {
        if element.name() == "apex" && found.is_none() {
            found = Some(element);
        }
    });
    found.expect("every document has an apex")
}

#[test]
fn canonical_bytes_are_those_of_libxml2() {
    let cases: Vec<Case> = serde_json::from_str(&fixture("canonical.json")).expect("the vectors");
    assert!(cases.len() > 200, "{} vectors", cases.len());
    for case in cases {
        let root = parse(case.document.as_bytes(), usize::MAX).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let inclusive = case.inclusive.iter().map(|p| if p == "#default" { "" } else { p }.to_owned()).collect();
        let how = Canonicalization { comments: case.comments, inclusive };
        let bytes = canonicalize(apex(&root), &how);
        let found = String::from_utf8(bytes).expect("canonical bytes are UTF-8");
        assert_eq!(found, case.expected, "{} {how:?}\n{}", case.name, case.document);
    }
}

#[test]
fn canonical_bytes_are_their_own_canonical_form() {
    let cases: Vec<Case> = serde_json::from_str(&fixture("canonical.json")).expect("the vectors");
    for case in cases.iter().filter(|case| case.inclusive.is_empty()) {
        let how = Canonicalization { comments: case.comments, inclusive: Vec::new() };
        let again = canonicalize(&parse(case.expected.as_bytes(), usize::MAX).expect("it parses"), &how);
        assert_eq!(String::from_utf8(again).expect("UTF-8"), case.expected, "{}", case.name);
    }
}
