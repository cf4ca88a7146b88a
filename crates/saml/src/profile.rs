//! Email, name and groups out of attributes: by the names that an organisation chose, else by those that Okta, Microsoft
//! Entra, Google Workspace, ADFS and the LDAP schema use.

use crate::names::{NAME_ID_EMAIL, NAME_ID_UNSPECIFIED};
use crate::response::SignIn;

const EMAIL: [&str; 8] = [
    "email",
    "mail",
    "emailAddress",
    "user.email",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
];
const NAME: [&str; 6] = [
    "displayName",
    "name",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "cn",
    "urn:oid:2.5.4.3",
];
const GIVEN: [&str; 6] = [
    "firstName",
    "givenName",
    "first_name",
    "user.firstName",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
    "urn:oid:2.5.4.42",
];
const FAMILY: [&str; 7] = [
    "lastName",
    "surname",
    "sn",
    "last_name",
    "user.lastName",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
    "urn:oid:2.5.4.4",
];
const GROUPS: [&str; 6] = [
    "groups",
    "group",
    "memberOf",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    "http://schemas.xmlsoap.org/claims/Group",
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
];

/// The attribute names that an organisation chose; none takes the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    pub email: Option<String>,
    pub name: Option<String>,
    pub groups: Option<String>,
}

/// What is known of the person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub email: Option<String>,
    pub name: Option<String>,
    pub groups: Vec<String>,
}

impl SignIn {
    /// Applies the mapping. A chosen name is the only one looked for: a missing attribute is not guessed from another.
    pub fn profile(&self, mapping: &Mapping) -> Profile {
        Profile { email: self.email(mapping), name: self.name(mapping), groups: self.groups(mapping) }
    }

    fn email(&self, mapping: &Mapping) -> Option<String> {
        if let Some(chosen) = &mapping.email {
            return self.first(&[chosen]);
        }
        let listed = EMAIL.iter().filter_map(|name| self.first(&[name])).find(|value| value.contains('@'));
        let subject = &self.name_id;
        let may_be_email =
            matches!(&*subject.format, NAME_ID_EMAIL | NAME_ID_UNSPECIFIED) && subject.value.contains('@');
        listed.or_else(|| may_be_email.then(|| subject.value.clone()))
    }

    fn name(&self, mapping: &Mapping) -> Option<String> {
        if let Some(chosen) = &mapping.name {
            return self.first(&[chosen]);
        }
        self.first(&NAME).or_else(|| {
            let parts: Vec<String> = [self.first(&GIVEN), self.first(&FAMILY)].into_iter().flatten().collect();
            (!parts.is_empty()).then(|| parts.join(" "))
        })
    }

    fn groups(&self, mapping: &Mapping) -> Vec<String> {
        let names: Vec<&str> = mapping.groups.as_deref().map_or_else(|| GROUPS.to_vec(), |chosen| vec![chosen]);
        let mut groups: Vec<String> = Vec::new();
        for attribute in self.attributes.iter().filter(|attribute| names.iter().any(|name| attribute.is(name))) {
            groups.extend(attribute.values.iter().filter(|value| !value.is_empty()).cloned());
        }
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// The first value of the first of these attributes that has one.
    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| {
            let named = self.attributes.iter().filter(|attribute| attribute.is(name));
            named.flat_map(|attribute| &attribute.values).find(|value| !value.is_empty()).cloned()
        })
    }
}

impl crate::response::Attribute {
    /// By name as the checklist of the specification demands; short names without regard to case, since administrators
    /// type them by hand at the identity provider. The friendly name is decoration and is not looked at.
    fn is(&self, name: &str) -> bool {
        if name.contains(':') { self.name == name } else { self.name.eq_ignore_ascii_case(name) }
    }
}
