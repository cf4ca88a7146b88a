//! What is no XML, or more XML than anybody honest sends, is refused.

use proptest::prelude::*;
use saml::xml::{Canonicalization, MAX_DEPTH, MAX_ELEMENTS, XmlError, canonicalize, parse};

fn refused(document: &str) -> XmlError {
    match parse(document.as_bytes(), 1 << 20) {
        Ok(_) => panic!("{document} was read"),
        Err(error) => error,
    }
}

#[test]
fn a_document_type_is_refused_whatever_it_defines() {
    let bomb =
        r#"<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;"><!ENTITY z "&y;&y;&y;&y;">]><a>&z;</a>"#;
    let external = r#"<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"#;
    let remote = r#"<!DOCTYPE a SYSTEM "https://evil.example/a.dtd"><a/>"#;
    let parameter = r#"<!DOCTYPE a [<!ENTITY % p SYSTEM "https://evil.example/p"> %p;]><a/>"#;
    for document in [bomb, external, remote, parameter, "<!DOCTYPE a><a/>", "<!doctype a><a/>"] {
        let error = refused(document);
        assert!(matches!(error, XmlError::DocumentType | XmlError::Malformed(_)), "{document}: {error}");
    }
    assert_eq!(refused(bomb), XmlError::DocumentType);
    assert_eq!(refused("<a>&x;</a>"), XmlError::Entity("x".to_owned()));
    assert_eq!(refused("<a b='&x;'/>"), XmlError::Entity("x".to_owned()));
}

#[test]
fn bounds_hold() {
    let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
    assert!(parse(deep(MAX_DEPTH).as_bytes(), 1 << 20).is_ok());
    assert_eq!(refused(&deep(MAX_DEPTH + 1)), XmlError::TooDeep);
    assert_eq!(refused(&deep(100_000)), XmlError::TooDeep);
    assert_eq!(refused(&format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS))), XmlError::TooMany("elements"));
    let wide = (0..65).map(|n| format!(" a{n}=''")).collect::<Vec<_>>().concat();
    assert_eq!(refused(&format!("<a{wide}/>")), XmlError::TooMany("attributes"));
    let spaces = |from: usize| (from..from + 40).map(|n| format!(" xmlns:p{n}='urn:{n}'")).collect::<Vec<_>>().concat();
    let nested = format!("<a{}><b{}/></a>", spaces(0), spaces(40));
    assert_eq!(refused(&nested), XmlError::TooMany("namespaces"));
    assert_eq!(parse(b"<a>xx</a>", 8).expect_err("nine bytes"), XmlError::TooLarge(8));
}

#[test]
fn what_xml_forbids_is_refused() {
    for document in [
        "",
        " ",
        "text",
        "<a>",
        "</a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>text",
        "text<a/>",
        "<a><b></a></b>",
        "<a b=1/>",
        "<a b/>",
        "<a b='1'c='2'/>",
        "<a b='<'/>",
        "<a b='&'/>",
        "<a>&</a>",
        "<a>&amp</a>",
        "<a>]]></a>",
        "<1a/>",
        "<a:b:c/>",
        "<:a/>",
        "<a:/>",
        "<a 1b=''/>",
        "<a>&#0;</a>",
        "<a>&#xD800;</a>",
        "<a>&#x;</a>",
        "<a>&#;</a>",
        "<a>&#+9;</a>",
        "<a>&#x+9;</a>",
        "<a><!-- -- --></a>",
        "<a><!--></a>",
        "<a><?xml version='1.0'?></a>",
        "<a><?1 x?></a>",
        "<a/>&lt;",
        "<a/><![CDATA[]]>",
        "<?xml version='1.1'?><a/>",
        "<a>\u{1}</a>",
        "<a>\u{FFFE}</a>",
        "<a xmlns:p=''/>",
        "<a xmlns:xml='urn:x'/>",
        "<a xmlns:xmlns='urn:x'/>",
        "<a xmlns:='urn:x'/>",
        "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<a / >",
        " <?xml version='1.0'?><a/>",
        "< a/>",
        "<a b='",
    ] {
        let error = refused(document);
        assert!(matches!(error, XmlError::Malformed(_)), "{document}: {error:?}");
    }
    assert_eq!(refused("<a b='' b=''/>"), XmlError::DuplicateAttribute("a".to_owned()));
    let twice = "<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='' q:b=''/>";
    assert_eq!(refused(twice), XmlError::DuplicateAttribute("a".to_owned()));
    assert_eq!(refused("<a xmlns:p='urn:x' xmlns:p='urn:y'/>"), XmlError::DuplicateAttribute("a".to_owned()));
    assert_eq!(refused("<p:a/>"), XmlError::UnknownPrefix("p".to_owned()));
    assert_eq!(refused("<a p:b=''/>"), XmlError::UnknownPrefix("p".to_owned()));
    assert_eq!(refused("<?xml version='1.0' encoding='ISO-8859-1'?><a/>"), XmlError::NotUtf8);
    assert_eq!(parse(b"<a>\xFF</a>", 100).expect_err("no UTF-8"), XmlError::NotUtf8);
    assert_eq!(parse(b"\xFE\xFF\0<\0a\0/\0>", 100).expect_err("UTF-16"), XmlError::NotUtf8);
}

#[test]
fn text_is_the_whole_text() {
    let read = |document: &str| parse(document.as_bytes(), 1 << 20).expect("XML").text();
    assert_eq!(read("<a>admin@x.example<!-- -->.evil.example</a>"), "admin@x.example.evil.example");
    assert_eq!(read("<a>one<?p?>two<![CDATA[<three>]]>&amp;&#x34;</a>"), "onetwo<three>&4");
    assert_eq!(read("<a> \n padded\t</a>"), "padded");
    assert_eq!(read("\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- x --><a>y</a>\n<?z?>"), "y");
}

proptest! {
    /// Whatever arrives is answered, and what was read means the same after writing it canonically.
    #[test]
    fn any_input_is_answered(document in "[<>a/='\" &;!\\[\\]?x:\\-\n]{0,60}") {
        if let Ok(root) = parse(document.as_bytes(), 1 << 20) {
            let how = Canonicalization { comments: true, inclusive: Vec::new() };
            let once = canonicalize(&root, &how);
            let again = parse(&once, 1 << 20).expect("canonical bytes parse");
            prop_assert_eq!(canonicalize(&again, &how), once);
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(parse(&bytes, 1 << 20));
    }
}
