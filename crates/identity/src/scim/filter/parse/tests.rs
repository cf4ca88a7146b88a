//! Filters that read, filters that do not, and random ones that read back from what they print.

use proptest::prelude::*;

use super::*;

fn shape(text: &str) -> String {
    filter(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
}

#[test]
fn precedence_and_parentheses_are_those_of_the_standard() {
    for (text, read) in [
        (r#"a eq "1" and b eq "2" or c eq "3""#, r#"a eq "1" and b eq "2" or c eq "3""#),
        (r#"a eq "1" or b eq "2" and c eq "3""#, r#"a eq "1" or b eq "2" and c eq "3""#),
        (r#"(a eq "1" or b eq "2") and c eq "3""#, r#"(a eq "1" or b eq "2") and c eq "3""#),
        ("((a pr))", "a pr"),
        (r#"NOT (a PR) AND b Eq "X""#, r#"not (a pr) and b eq "X""#),
        ("not(a pr)", "not (a pr)"),
        ("not pr", "not pr"),
        (r#"emails[type eq "work" and value co "@x"]"#, r#"emails[type eq "work" and value co "@x"]"#),
        (r#"emails[type eq "work"].value eq "x" or a pr"#, r#"emails[type eq "work"].value eq "x" or a pr"#),
        ("active eq True", "active eq true"),
        ("a eq 12 and b gt -1.5 and c eq null", "a eq 12 and b gt -1.5 and c eq null"),
        (r#"a eq "\" or b pr or c eq \"""#, r#"a eq "\" or b pr or c eq \"""#),
    ] {
        assert_eq!(shape(text), read, "{text}");
    }
    let or = filter("a pr or b pr and c pr").expect("reads");
    assert!(matches!(or, Filter::Or(_, right) if matches!(*right, Filter::And(..))));
}

#[test]
fn a_value_without_quotes_is_a_text_where_nothing_else_can_be_meant() {
    assert_eq!(shape("externalId eq jyoung"), r#"externalId eq "jyoung""#);
    assert_eq!(shape("userName eq a@b.example and active eq true"), r#"userName eq "a@b.example" and active eq true"#);
    for text in ["externalId eq j young", "externalId eq and", "externalId eq", "externalId eq (x)", "a eq not (b pr)"]
    {
        assert!(filter(text).is_err(), "{text}");
    }
}

#[test]
fn schemas_are_cut_from_names() {
    let read = path("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value").expect("reads");
    assert_eq!(read.schema.as_deref(), Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"));
    assert_eq!((read.name.as_str(), read.sub.as_deref()), ("manager", Some("value")));
    let whole = path("URN:ietf:params:scim:schemas:core:2.0:user").expect("reads");
    assert_eq!((whole.name.as_str(), whole.schema.is_some()), ("", true));
    let foreign = path("urn:example:2.0:Thing:colour").expect("reads");
    assert_eq!((foreign.schema.as_deref(), foreign.name.as_str()), (Some("urn:example:2.0:Thing"), "colour"));
    let reference = path(r#"members[value eq "x"].$ref"#).expect("reads");
    assert_eq!(reference.sub.as_deref(), Some("$ref"));
}

#[test]
fn nonsense_is_refused_with_its_place() {
    for (text, at) in [
        ("", 1),
        ("userName", 9),
        ("userName eq", 12),
        (r#"userName equals "x""#, 10),
        ("(userName pr", 13),
        ("userName pr)", 12),
        (r#"userName eq "x"#, 13),
        (r#"userName eq "\x""#, 13),
        (r#"emails[type eq "work""#, 22),
        (r#"emails[type eq "work"].1"#, 23),
        (r#""userName" eq "x""#, 1),
        ("a.b.c pr", 1),
        ("1a pr", 1),
        ("a pr b pr", 6),
        (r#"userName eq "x"; drop table members"#, 16),
        ("name.givenName[a pr] pr", 15),
    ] {
        let error = filter(text).expect_err(text);
        assert_eq!(error.at, at, "{text}: {error}");
    }
}

#[test]
fn depth_length_and_number_are_bounded() {
    let deep = |n: usize| format!("{}a pr{}", "(".repeat(n), ")".repeat(n));
    assert!(filter(&deep(32)).is_ok());
    assert!(filter(&deep(33)).is_err());
    assert!(filter(&deep(4_000)).is_err());
    assert!(filter(&format!("a eq \"{}\"", "x".repeat(9_000))).is_err());
    let many = |n: usize| vec!["a pr"; n].join(" or ");
    assert!(filter(&many(500)).is_ok() && filter(&many(501)).is_err());
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z][a-zA-Z0-9_-]{0,8}|\\$ref".prop_filter("no keyword", |name| !is_joint(name))
}

fn plain_path() -> impl Strategy<Value = Path> {
    let urn = prop_oneof![
        Just(None),
        Just(Some(KNOWN[0].to_owned())),
        Just(Some(KNOWN[1].to_uppercase().replace("URN", "urn"))),
        "urn:[a-z]{1,6}:[a-z0-9.]{1,6}".prop_map(Some),
    ];
    (urn, name(), proptest::option::of(name())).prop_map(|(schema, name, sub)| Path { schema, name, filter: None, sub })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<String>().prop_map(Literal::Text),
        any::<i64>().prop_map(|number| Literal::Number(number.into())),
        any::<bool>().prop_map(Literal::Bool),
        Just(Literal::Null),
    ]
}

fn comparison(path: impl Strategy<Value = Path> + Clone) -> impl Strategy<Value = Filter> {
    prop_oneof![
        path.clone().prop_map(Filter::Present),
        (path, proptest::sample::select(&Op::ALL[..]), literal())
            .prop_map(|(path, op, literal)| Filter::Compare(path, op, literal)),
    ]
}

fn joined(leaf: impl Strategy<Value = Filter> + 'static) -> impl Strategy<Value = Filter> {
    leaf.prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Filter::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Filter::Or(Box::new(a), Box::new(b))),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

/// Any filter that can be written.
fn any_filter() -> impl Strategy<Value = Filter> {
    let inner = joined(comparison(name().prop_map(|name| Path { name, ..Path::default() }).boxed()));
    let value_path = (plain_path(), inner, proptest::option::of(name())).prop_map(|(path, filter, sub)| Path {
        filter: Some(Box::new(filter)),
        sub,
        ..path
    });
    let value_path = value_path.boxed();
    let has = value_path.clone().prop_filter("no sub", |path| path.sub.is_none()).prop_map(Filter::Has);
    joined(prop_oneof![3 => comparison(plain_path().boxed()), 1 => comparison(value_path), 1 => has].boxed())
}

proptest! {
    #[test]
    fn a_filter_reads_back_from_what_it_prints(written in any_filter()) {
        let text = written.to_string();
        prop_assume!(text.len() <= 8_000);
        prop_assert_eq!(filter(&text), Ok(written), "{}", text);
    }

    #[test]
    fn whatever_is_sent_is_read_or_refused(text in any::<String>()) {
        drop(filter(&text));
        drop(path(&text));
    }

    #[test]
    fn words_in_any_order_are_read_or_refused(words in proptest::collection::vec(
        proptest::sample::select(&["(", ")", "[", "]", "and", "or", "not", "pr", "eq", "a", "b.c", "\"x\"", "1", ".d", "\\", "\""][..]), 0..14)
    ) {
        if let Ok(read) = filter(&words.join(" ")) {
            prop_assert_eq!(filter(&read.to_string()), Ok(read));
        }
    }
}
