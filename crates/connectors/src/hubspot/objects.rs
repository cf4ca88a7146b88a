//! Contacts, deals and notes on the wire: batches of at most 100, every value a string.
//!
//! Rules a newcomer would break: a batch answers 207 when some inputs failed, and the failures name their input only by
//! the trace id we sent or by an id in their context; the order of the results is not the order of the inputs; a search
//! index is seconds behind, so find-then-create makes doubles: upsert instead.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The most inputs one batch may have.
pub const MOST_INPUTS: usize = 100;
/// The most characters the body of a note may have.
pub const LONGEST_NOTE: usize = 65_536;

/// Property names and values; all values are text, also numbers, booleans and dates (ISO 8601).
pub type Properties = BTreeMap<String, String>;

/// The kinds of record we write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// People.
    Contacts,
    /// Deals.
    Deals,
    /// Notes.
    Notes,
    /// Companies.
    Companies,
}

impl ObjectKind {
    /// The name in paths.
    pub fn path(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Deals => "deals",
            Self::Notes => "notes",
            Self::Companies => "companies",
        }
    }
}

/// The standard kinds of link, by HubSpot's own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// From a deal to its contact.
    DealToContact,
    /// From a note to its contact.
    NoteToContact,
    /// From a note to its deal.
    NoteToDeal,
    /// From a contact to its company.
    ContactToCompany,
}

impl Link {
    /// HubSpot's number for it.
    pub fn type_id(self) -> u32 {
        match self {
            Self::DealToContact => 3,
            Self::NoteToContact => 202,
            Self::NoteToDeal => 214,
            Self::ContactToCompany => 279,
        }
    }
}

/// A link to make while creating a record, or between two that exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkType {
    /// `HUBSPOT_DEFINED` for the standard ones.
    pub association_category: String,
    /// Which kind of link.
    pub association_type_id: u32,
}

impl From<Link> for LinkType {
    fn from(link: Link) -> Self {
        Self { association_category: "HUBSPOT_DEFINED".to_owned(), association_type_id: link.type_id() }
    }
}

/// The other end of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// HubSpot's id.
    pub id: String,
}

/// A link of a record that is being created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLink {
    /// To whom.
    pub to: ObjectRef,
    /// What kind.
    pub types: Vec<LinkType>,
}

impl NewLink {
    /// A standard link to the record `id`.
    pub fn new(link: Link, id: impl Into<String>) -> Self {
        Self { to: ObjectRef { id: id.into() }, types: vec![link.into()] }
    }
}

/// A record to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewObject {
    /// Its values.
    pub properties: Properties,
    /// Its links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub associations: Vec<NewLink>,
    /// Our own mark; comes back with an error or a result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_write_trace_id: Option<String>,
}

/// A record to create, or to change where one with the same unique value exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Upsert {
    /// The unique property `id` is a value of (`email` for contacts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_property: Option<String>,
    /// The unique value, or HubSpot's id when `id_property` is absent.
    pub id: String,
    /// Its values.
    pub properties: Properties,
    /// Our own mark; comes back with an error or a result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_write_trace_id: Option<String>,
}

/// A record to change, by HubSpot's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// HubSpot's id.
    pub id: String,
    /// The values that change.
    pub properties: Properties,
    /// Our own mark; comes back with an error or a result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_write_trace_id: Option<String>,
}

/// A record as HubSpot has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// HubSpot's id.
    pub id: String,
    /// Its values; a value it does not have is null.
    #[serde(default)]
    pub properties: BTreeMap<String, Option<String>>,
    /// When it was last changed, ISO 8601.
    #[serde(default)]
    pub updated_at: Option<String>,
    /// Whether an upsert made it.
    #[serde(default)]
    pub new: Option<bool>,
    /// Our own mark, where the endpoint gives it back.
    #[serde(default)]
    pub object_write_trace_id: Option<String>,
    /// Whether it is in the bin.
    #[serde(default)]
    pub archived: bool,
}

impl Object {
    /// A value, `None` when it has none.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_deref().filter(|value| !value.is_empty())
    }
}

/// A search: groups of filters (any group, all filters of it), at most five groups and ten filters in one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Search {
    /// Any of these.
    pub filter_groups: Vec<FilterGroup>,
    /// The properties to give back.
    pub properties: Vec<String>,
    /// How many at once, at most 200.
    pub limit: u32,
    /// Where to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// All of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FilterGroup {
    /// All of these.
    pub filters: Vec<Filter>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// Of which property.
    pub property_name: String,
    /// `EQ`, `GT`, `IN`, `HAS_PROPERTY`, …
    pub operator: &'static str,
    /// What it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What it is compared with, for `IN`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// A page of records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Page {
    /// How many there are in all; absent when listing.
    #[serde(default)]
    pub total: Option<u64>,
    /// The records.
    #[serde(default)]
    pub results: Vec<Object>,
    #[serde(default)]
    paging: Option<Paging>,
}

impl Page {
    /// Where the next page begins, `None` on the last.
    pub fn next(&self) -> Option<&str> {
        Some(&self.paging.as_ref()?.next.as_ref()?.after)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Paging {
    #[serde(default)]
    next: Option<Next>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Next {
    after: String,
}
