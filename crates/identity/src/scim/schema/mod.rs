//! The attributes of users and groups (RFC 7643), once: reading, filters, patches and `/Schemas` all go by these tables.
//!
//! `password` is not among them: what a provider sends as one is dropped before anything is kept.

mod describe;
mod group;
mod user;

pub(crate) use describe::{resource_types, schemas};

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// Every schema that is known here.
pub(crate) const KNOWN: [&str; 3] = [USER, ENTERPRISE, GROUP];

/// What an attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Boolean,
    Instant,
    Reference,
    Binary,
    Complex,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutability {
    ReadWrite,
    ReadOnly,
    Immutable,
}

/// One attribute or sub-attribute.
#[derive(Debug)]
pub(crate) struct Attr {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) kind: Kind,
    pub(crate) many: bool,
    pub(crate) required: bool,
    pub(crate) case_exact: bool,
    pub(crate) unique: bool,
    pub(crate) mutability: Mutability,
    pub(crate) canonical: &'static [&'static str],
    pub(crate) references: &'static [&'static str],
    pub(crate) subs: &'static [Attr],
}

impl Attr {
    const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            description,
            kind,
            many: false,
            required: false,
            case_exact: false,
            unique: false,
            mutability: Mutability::ReadWrite,
            canonical: &[],
            references: &[],
            subs: &[],
        }
    }

    const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Text, description)
    }

    const fn complex(name: &'static str, subs: &'static [Self], description: &'static str) -> Self {
        Self { subs, ..Self::new(name, Kind::Complex, description) }
    }

    const fn list(name: &'static str, subs: &'static [Self], description: &'static str) -> Self {
        Self { many: true, ..Self::complex(name, subs, description) }
    }

    const fn reference(name: &'static str, references: &'static [&'static str], description: &'static str) -> Self {
        Self { references, case_exact: true, ..Self::new(name, Kind::Reference, description) }
    }

    const fn exact(self) -> Self {
        Self { case_exact: true, ..self }
    }

    const fn one_of(self, canonical: &'static [&'static str]) -> Self {
        Self { canonical, ..self }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    const fn read_only(self) -> Self {
        Self { mutability: Mutability::ReadOnly, ..self }
    }

    const fn immutable(self) -> Self {
        Self { mutability: Mutability::Immutable, ..self }
    }

    /// The sub-attribute with a name, whatever its case.
    pub(crate) fn sub(&self, name: &str) -> Option<&'static Self> {
        find(self.subs, name)
    }
}

/// The attribute with a name, whatever its case.
pub(crate) fn find(attrs: &'static [Attr], name: &str) -> Option<&'static Attr> {
    attrs.iter().find(|attr| attr.name.eq_ignore_ascii_case(name))
}

/// An extension of a type of resource.
#[derive(Debug)]
pub(crate) struct Extension {
    pub(crate) urn: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) attrs: &'static [Attr],
}

/// A type of resource.
#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) name: &'static str,
    pub(crate) endpoint: &'static str,
    pub(crate) urn: &'static str,
    pub(crate) description: &'static str,
    pub(crate) attrs: &'static [Attr],
    pub(crate) extensions: &'static [Extension],
}

/// Where a name belongs within a type of resource.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// An attribute of the resource itself.
    Core(&'static Attr),
    /// An attribute of an extension.
    Extended(&'static Extension, &'static Attr),
    /// A whole extension.
    Whole(&'static Extension),
    /// A schema that nobody here knows, or a password: ignored.
    Foreign,
}

impl Type {
    /// Finds an attribute by its schema (as written, if it was) and its name; none when there is no such attribute.
    pub(crate) fn place(&'static self, schema: Option<&str>, name: &str) -> Option<Place> {
        let Some(schema) = schema else {
            if name.eq_ignore_ascii_case("password") {
                return Some(Place::Foreign);
            }
            return find(self.attrs, name).or_else(|| find(COMMON, name)).map(Place::Core);
        };
        if schema.eq_ignore_ascii_case(self.urn) {
            return if name.is_empty() { None } else { self.place(None, name) };
        }
        match self.extension(schema) {
            Some(extension) if name.is_empty() => Some(Place::Whole(extension)),
            Some(extension) => find(extension.attrs, name).map(|attr| Place::Extended(extension, attr)),
            None => Some(Place::Foreign),
        }
    }

    /// The extension with a URN, whatever its case.
    pub(crate) fn extension(&'static self, urn: &str) -> Option<&'static Extension> {
        self.extensions.iter().find(|extension| extension.urn.eq_ignore_ascii_case(urn))
    }
}

pub(crate) static USERS: Type = Type {
    name: "User",
    endpoint: "/Users",
    urn: USER,
    description: "A member of the organisation",
    attrs: user::ATTRS,
    extensions: &[Extension {
        urn: ENTERPRISE,
        name: "EnterpriseUser",
        description: "What a company knows about a user",
        attrs: user::ENTERPRISE,
    }],
};

pub(crate) static GROUPS: Type = Type {
    name: "Group",
    endpoint: "/Groups",
    urn: GROUP,
    description: "A team",
    attrs: group::ATTRS,
    extensions: &[],
};

/// What every resource has (RFC 7643, 3.1); `/Schemas` does not repeat it.
pub(crate) const COMMON: &[Attr] = &[
    Attr::text("id", "").exact().unique().read_only(),
    Attr::text("externalId", "").exact(),
    Attr { many: true, ..Attr::new("schemas", Kind::Reference, "").read_only() },
    Attr::complex(
        "meta",
        &[
            Attr::text("resourceType", "").exact().read_only(),
            Attr::new("created", Kind::Instant, "").read_only(),
            Attr::new("lastModified", Kind::Instant, "").read_only(),
            Attr::reference("location", &["uri"], "").read_only(),
            Attr::text("version", "").exact().read_only(),
        ],
        "",
    )
    .read_only(),
];
