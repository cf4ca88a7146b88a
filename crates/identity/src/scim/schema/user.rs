//! The attributes of a user.

use super::{Attr, Kind};

const fn flag(name: &'static str, description: &'static str) -> Attr {
    Attr::new(name, Kind::Boolean, description)
}

const PRIMARY: Attr = flag("primary", "Whether it is the preferred one; one of them at most is");
const DISPLAY: Attr = Attr::text("display", "A name for people to read");
const TYPE: Attr = Attr::text("type", "What it is for");
const VALUE: Attr = Attr::text("value", "The value");

const NAME: &[Attr] = &[
    Attr::text("formatted", "The whole name as it is shown"),
    Attr::text("familyName", "The family name"),
    Attr::text("givenName", "The given name"),
    Attr::text("middleName", "The middle names"),
    Attr::text("honorificPrefix", "The title before the name"),
    Attr::text("honorificSuffix", "The title after the name"),
];

const EMAIL: &[Attr] = &[Attr::text("value", "The address"), DISPLAY, TYPE.one_of(&["work", "home", "other"]), PRIMARY];

const PHONE: &[Attr] = &[
    Attr::text("value", "The number"),
    DISPLAY,
    TYPE.one_of(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

const IM: &[Attr] = &[Attr::text("value", "The address"), DISPLAY, TYPE, PRIMARY];

const PHOTO: &[Attr] = &[
    Attr::reference("value", &["external"], "Where the picture is"),
    DISPLAY,
    TYPE.one_of(&["photo", "thumbnail"]),
    PRIMARY,
];

const ADDRESS: &[Attr] = &[
    Attr::text("formatted", "The whole address as it is shown"),
    Attr::text("streetAddress", "Street and number"),
    Attr::text("locality", "The town"),
    Attr::text("region", "The state or region"),
    Attr::text("postalCode", "The postal code"),
    Attr::text("country", "The country"),
    TYPE.one_of(&["work", "home", "other"]),
    PRIMARY,
];

const GROUP: &[Attr] = &[
    Attr::text("value", "The id of the group").exact().read_only(),
    Attr::reference("$ref", &["Group"], "Where the group is").read_only(),
    Attr::text("display", "What the group is called").read_only(),
    Attr::text("type", "How the user came into it").one_of(&["direct"]).read_only(),
];

const ROLE: &[Attr] = &[
    Attr::text("value", "The role in Recoup; others are kept and mean nothing")
        .one_of(&["admin", "analyst", "agent", "viewer"]),
    DISPLAY,
    TYPE,
    PRIMARY,
];

const ENTITLEMENT: &[Attr] = &[VALUE, DISPLAY, TYPE, PRIMARY];

const CERTIFICATE: &[Attr] =
    &[Attr::new("value", Kind::Binary, "The certificate, DER in Base64").exact(), DISPLAY, TYPE, PRIMARY];

pub(super) const ATTRS: &[Attr] = &[
    Attr::text("userName", "What the provider calls the user; unique in the organisation").required().unique(),
    Attr::complex("name", NAME, "The parts of the name"),
    Attr::text("displayName", "The name as it is shown"),
    Attr::text("nickName", "How the user is called casually"),
    Attr::reference("profileUrl", &["external"], "A page about the user"),
    Attr::text("title", "What the user is in the company"),
    Attr::text("userType", "How the user relates to the company"),
    Attr::text("preferredLanguage", "The preferred language"),
    Attr::text("locale", "The locale for numbers and dates"),
    Attr::text("timezone", "The time zone"),
    flag("active", "Whether the user may sign in; sessions end within a second when not"),
    Attr::list("emails", EMAIL, "The email addresses; the primary one, else that for work, is the account's"),
    Attr::list("phoneNumbers", PHONE, "The phone numbers"),
    Attr::list("ims", IM, "The instant messaging addresses"),
    Attr::list("photos", PHOTO, "Pictures of the user"),
    Attr::list("addresses", ADDRESS, "The postal addresses"),
    Attr::list("groups", GROUP, "The groups the user is in; changed at the group").read_only(),
    Attr::list("entitlements", ENTITLEMENT, "What the user is entitled to; kept, and means nothing here"),
    Attr::list("roles", ROLE, "The role in Recoup, other than owner"),
    Attr::list("x509Certificates", CERTIFICATE, "The certificates of the user"),
];

const MANAGER: &[Attr] = &[
    Attr::text("value", "The id of the manager").exact(),
    Attr::reference("$ref", &["User"], "Where the manager is"),
    Attr::text("displayName", "The name of the manager").read_only(),
];

pub(super) const ENTERPRISE: &[Attr] = &[
    Attr::text("employeeNumber", "The number or code of the employee"),
    Attr::text("costCenter", "The cost centre"),
    Attr::text("organization", "The organisation"),
    Attr::text("division", "The division"),
    Attr::text("department", "The department"),
    Attr::complex("manager", MANAGER, "The manager"),
];
