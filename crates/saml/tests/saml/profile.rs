//! Attributes as the large identity providers name them.

use saml::{Attribute, Mapping, NAME_ID_EMAIL, NameId, SignIn, Signed};

use crate::support::at;

fn sign_in(name_id: (&str, &str), attributes: &[(&str, &[&str])]) -> SignIn {
    let attribute = |(name, values): &(&str, &[&str])| Attribute {
        name: (*name).to_owned(),
        friendly_name: Some("mail".to_owned()),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    SignIn {
        assertion_id: "_a".to_owned(),
        usable_until: at("2026-03-01T12:00:00Z"),
        name_id: NameId { value: name_id.0.to_owned(), format: name_id.1.to_owned() },
        session_index: None,
        session_until: None,
        attributes: attributes.iter().map(attribute).collect(),
        signed: Signed::Assertion,
    }
}

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims";

#[test]
fn okta_entra_and_google_are_understood_without_a_mapping() {
    let claim = |name: &str| format!("{CLAIMS}/{name}");
    let okta = sign_in(
        ("ada@x.example", NAME_ID_EMAIL),
        &[("firstName", &["Ada"]), ("lastName", &["Byron"]), ("groups", &["Support", "Sales"])],
    );
    let (name, given, mail) = (claim("name"), claim("givenname"), claim("emailaddress"));
    let family = claim("surname");
    let entra = sign_in(
        ("opaque", PERSISTENT),
        &[
            (&name, &["ada_upn@x.onmicrosoft.example"]),
            (&mail, &["ada@x.example"]),
            (&given, &["Ada"]),
            (&family, &["Byron"]),
            ("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", &["Sales", "Support", "Sales"]),
        ],
    );
    let google = sign_in(
        ("ada@x.example", NAME_ID_EMAIL),
        &[("displayName", &["Ada Byron"]), ("Groups", &["Support", "", "Sales"])],
    );
    for read in [okta, entra, google] {
        let profile = read.profile(&Mapping::default());
        assert_eq!(profile.email.as_deref(), Some("ada@x.example"));
        assert_eq!(profile.name.as_deref(), Some("Ada Byron"));
        assert_eq!(profile.groups, ["Sales", "Support"]);
    }
}

#[test]
fn a_chosen_name_is_the_only_one_looked_for() {
    let read =
        sign_in(("ada@x.example", NAME_ID_EMAIL), &[("work", &["ada@work.example"]), ("email", &["ada@home.example"])]);
    let chosen = |name: &str| Mapping { email: Some(name.to_owned()), ..Mapping::default() };
    assert_eq!(read.profile(&chosen("work")).email.as_deref(), Some("ada@work.example"));
    assert_eq!(read.profile(&chosen("absent")).email, None);
    let named = Mapping { name: Some("work".to_owned()), groups: Some("email".to_owned()), email: None };
    let profile = read.profile(&named);
    assert_eq!(
        (profile.name.as_deref(), profile.groups),
        (Some("ada@work.example"), vec!["ada@home.example".to_owned()])
    );
}

#[test]
fn a_friendly_name_and_an_opaque_subject_are_no_email() {
    let read = sign_in(("opaque@namespace", PERSISTENT), &[("urn:oid:1.2.3", &["evil@x.example"])]);
    assert_eq!(read.profile(&Mapping::default()), saml::Profile::default());
    let upn =
        sign_in(("x", PERSISTENT), &[("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", &["no address"])]);
    assert_eq!(upn.profile(&Mapping::default()).email, None);
}
