//! Identifiers: prefixed, time-ordered newtypes (`conv_01h…`), one per kind of thing.
//!
//! In the database an id is a plain `uuid` (version 7); outside it is `prefix_` plus 26 characters of Crockford
//! base32, so that a person sees what it names and ids sort by creation. Never pass a bare `Uuid` between functions.

mod base32;

use std::sync::atomic::{AtomicU16, Ordering};

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use base32::{decode, encode};

/// A text that is not an id of the expected kind.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a valid {expected} id")]
pub struct InvalidId {
    /// The prefix the id should have carried.
    pub expected: &'static str,
}

/// Makes a version 7 UUID for an instant, with random low bits.
pub fn uuid_at(at: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random_bytes(at)).into_uuid()
}

/// Counts the ids of this process, so that those of one microsecond keep their order too.
static MADE: AtomicU16 = AtomicU16::new(0);

/// Ten bytes: the sub-millisecond part and a count first, so that ids of one process keep their order within a millisecond.
fn random_bytes(at: DateTime<Utc>) -> [u8; 10] {
    let mut bytes: [u8; 10] = rand::random();
    // 12 bits follow the timestamp in version 7; 1,000 microseconds scaled to 4,096 steps fill them in order.
    let fraction = (at.timestamp_subsec_micros() % 1_000) * 4_096 / 1_000;
    bytes[0] = (bytes[0] & 0xf0) | (fraction >> 8) as u8;
    bytes[1] = (fraction & 0xff) as u8;
    // Two bits of the next byte are the variant; the 14 after them hold the count.
    let [high, low] = MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    bytes[2] = high & 0x3f;
    bytes[3] = low;
    bytes
}

/// Declares an id type: a newtype over `Uuid` with its prefix.
macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of the text form.
            pub const PREFIX: &'static str = $prefix;

            /// A fresh id, ordered by the clock.
            pub fn new(clock: &crate::Clock) -> Self {
                Self(uuid_at(clock.now()))
            }

            /// A fresh id that sorts at an instant in the past or future (history, imports).
            pub fn at(at: DateTime<Utc>) -> Self {
                Self(uuid_at(at))
            }

            /// Wraps what the database holds.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// What the database holds.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}_{}", $prefix, encode(self.0.as_u128()))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(|bits| Self(Uuid::from_u128(bits)))
                    .ok_or(InvalidId { expected: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .examples([concat!($prefix, "_01h455vb4pex5vsknk084sn02q")])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

id_types! {
    /// A metric that was out of the ordinary.
    AnomalyId = "anomaly";
    /// An organisation: the tenant.
    OrgId = "org";
    /// A person who signs in.
    UserId = "user";
    /// A person's place in an organisation.
    MemberId = "member";
    /// An invitation to join an organisation.
    InviteId = "invite";
    /// A list of people that was read from a file.
    MemberImportId = "import";
    /// A browser or token session.
    SessionId = "session";
    /// An API key.
    KeyId = "key";
    /// A team of members.
    TeamId = "team";
    /// A connection to an identity provider.
    SsoId = "sso";
    /// A passkey of a person.
    PasskeyId = "passkey";
    /// A row of the audit log.
    AuditId = "audit";
    /// A branch of an organisation.
    LocationId = "loc";
    /// A connected account that messages come through.
    ChannelId = "chan";
    /// A person outside.
    ContactId = "contact";
    /// A thread with one contact on one channel.
    ConversationId = "conv";
    /// One item in a conversation.
    MessageId = "msg";
    /// A raw delivery of a platform, kept so that a parser fix can be replayed.
    ReceiptId = "rcpt";
    /// A private note on a conversation.
    NoteId = "note";
    /// A possible sale.
    LeadId = "lead";
    /// Something done on a lead.
    ActivityId = "act";
    /// A connection to a CRM.
    CrmId = "crm";
    /// A document of the knowledge.
    DocumentId = "doc";
    /// A passage of a document.
    ChunkId = "chunk";
    /// A recorded AI decision.
    DecisionId = "dec";
    /// A fact in the ledger.
    EventId = "event";
    /// A unit of background work.
    JobId = "job";
    /// An outgoing webhook endpoint.
    EndpointId = "hook";
    /// A letter to a person.
    LetterId = "letter";
    /// A saved view of a list.
    ViewId = "view";
    /// An export of a contact.
    ExportId = "export";
    /// An erasure of a contact.
    ErasureId = "erasure";
    /// A legal hold on a contact.
    HoldId = "hold";
    /// A word of consent.
    ConsentId = "consent";
    /// A task of a person.
    TaskId = "task";
    /// A connection to an outside source.
    ConnectionId = "conn";
    /// A run of a source, or the reading of a file.
    RunId = "run";
    /// A file that was uploaded or dropped to be read.
    UploadId = "upload";
    /// A report that was made, or is being made.
    ReportId = "report";
    /// What a report of one's own is made of.
    DesignId = "design";
    /// When a report is made and to whom it goes.
    ScheduleId = "sched";
    /// One report on its way to one recipient.
    DeliveryId = "delivery";
    /// A link by which somebody outside reads a report.
    ShareId = "share";
    /// A page, post or case study of a site.
    PageId = "page";
    /// Somebody who writes on a site.
    AuthorId = "author";
    /// A picture of a site.
    ImageId = "img";
    /// A maturity audit, begun or handed in.
    MaturityId = "maturity";
    /// What a visitor of a site asked.
    InquiryId = "inquiry";
    /// A consultation that a visitor booked.
    BookingId = "booking";
    /// A visitor's conversation with a site's assistant.
    ChatId = "chat";
    /// A comparison of wordings on a site.
    ExperimentId = "exp";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    #[test]
    fn an_id_reads_back_from_its_text_and_refuses_another_kind() {
        let id = ConversationId::new(&Clock::system());
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), "conv_".len() + 26);
        assert_eq!(id.to_string().parse::<MessageId>(), Err(InvalidId { expected: "msg" }));
        assert!("conv_".parse::<ConversationId>().is_err());
        assert!("conv_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<ConversationId>().is_err(), "over 128 bits");
    }

    #[test]
    fn ids_sort_by_time_down_to_the_microsecond() {
        let start = DateTime::from_timestamp_micros(1_700_000_000_000_001).expect("a valid instant");
        let ids: Vec<_> = (0..500).map(|n| MessageId::at(start + chrono::Duration::microseconds(n))).collect();
        assert!(ids.is_sorted());
        let texts: Vec<_> = ids.iter().map(ToString::to_string).collect();
        assert!(texts.is_sorted());
        let at_once: Vec<_> = (0..100).map(|_| MessageId::at(start)).collect();
        assert!(at_once.is_sorted(), "those of one instant keep their order");
    }
}
