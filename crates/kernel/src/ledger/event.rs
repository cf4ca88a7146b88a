//! The envelope of a fact: when, to whom, by whom, caused by what.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Fact;
use crate::ids::{
    ChannelId, ContactId, ConversationId, CrmId, DocumentId, EventId, KeyId, LeadId, MemberId, OrgId, UserId,
};

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The organisation itself.
    Org(OrgId),
    /// A member of it.
    Member(MemberId),
    /// A connected account.
    Channel(ChannelId),
    /// A person outside.
    Contact(ContactId),
    /// A thread.
    Conversation(ConversationId),
    /// A possible sale.
    Lead(LeadId),
    /// A knowledge document.
    Document(DocumentId),
    /// A CRM connection.
    Crm(CrmId),
}

impl Subject {
    /// The word stored beside the id.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Org(_) => "org",
            Self::Member(_) => "member",
            Self::Channel(_) => "channel",
            Self::Contact(_) => "contact",
            Self::Conversation(_) => "conversation",
            Self::Lead(_) => "lead",
            Self::Document(_) => "document",
            Self::Crm(_) => "crm",
        }
    }

    /// The id of the subject, whatever its kind.
    pub fn id(self) -> Uuid {
        match self {
            Self::Org(id) => id.uuid(),
            Self::Member(id) => id.uuid(),
            Self::Channel(id) => id.uuid(),
            Self::Contact(id) => id.uuid(),
            Self::Conversation(id) => id.uuid(),
            Self::Lead(id) => id.uuid(),
            Self::Document(id) => id.uuid(),
            Self::Crm(id) => id.uuid(),
        }
    }

    /// Reads the stored pair back.
    pub fn from_row(kind: &str, id: Uuid) -> Option<Self> {
        Some(match kind {
            "org" => Self::Org(OrgId::from_uuid(id)),
            "member" => Self::Member(MemberId::from_uuid(id)),
            "channel" => Self::Channel(ChannelId::from_uuid(id)),
            "contact" => Self::Contact(ContactId::from_uuid(id)),
            "conversation" => Self::Conversation(ConversationId::from_uuid(id)),
            "lead" => Self::Lead(LeadId::from_uuid(id)),
            "document" => Self::Document(DocumentId::from_uuid(id)),
            "crm" => Self::Crm(CrmId::from_uuid(id)),
            _ => return None,
        })
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person of the organisation.
    User(UserId),
    /// A program with an API key.
    Key(KeyId),
    /// The contact, through a channel.
    Contact(ContactId),
    /// The reply pipeline.
    Bot,
    /// Recoup itself: schedules, followers, the operator's command line.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Key(id) => id.fmt(f),
            Self::Contact(id) => id.fmt(f),
            Self::Bot => f.write_str("bot"),
            Self::System => f.write_str("system"),
        }
    }
}

impl FromStr for Actor {
    type Err = crate::ids::InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split('_').next().unwrap_or_default() {
            "bot" => Ok(Self::Bot),
            "user" => text.parse().map(Self::User),
            "key" => text.parse().map(Self::Key),
            "contact" => text.parse().map(Self::Contact),
            _ => Ok(Self::System),
        }
    }
}

/// A fact about to be written.
#[derive(Clone, Debug)]
pub struct Event {
    pub(crate) subject: Subject,
    pub(crate) actor: Actor,
    pub(crate) fact: Fact,
    pub(crate) cause: Option<EventId>,
    pub(crate) at: Option<DateTime<Utc>>,
}

impl Event {
    /// A fact about a subject, done by an actor, now.
    pub fn new(subject: Subject, actor: Actor, fact: Fact) -> Self {
        Self { subject, actor, fact, cause: None, at: None }
    }

    /// Names the event that caused this one.
    #[must_use]
    pub fn caused_by(mut self, cause: EventId) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Places the fact at another instant (imported and demo history).
    #[must_use]
    pub fn happened_at(mut self, at: DateTime<Utc>) -> Self {
        self.at = Some(at);
        self
    }

    /// The instant it was placed at, if it was: history is appended in this order.
    pub fn instant(&self) -> Option<DateTime<Utc>> {
        self.at
    }
}

/// A fact as the ledger holds it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The organisation it belongs to.
    pub org: OrgId,
    /// Its place in the ledger.
    pub id: EventId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What it is about.
    pub subject: Subject,
    /// Who did it.
    pub actor: Actor,
    /// What caused it.
    pub cause: Option<EventId>,
    /// What happened.
    pub fact: Fact,
}
