//! Every kind of fact, in one enum: adding a kind is adding a variant here.
//!
//! A variant's serde name is its kind in the database. Payloads grow by optional fields (with `#[serde(default)]`);
//! a change that old readers would misread is a new variant (`…v2`).

mod kind;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::channel::ChannelKind;
use crate::ids::{
    ActivityId, AnomalyId, BookingId, ChannelId, ContactId, ConversationId, DecisionId, DocumentId, InquiryId,
    InviteId, KeyId, LeadId, MaturityId, MemberId, MessageId, NoteId, PageId, ReportId, ScheduleId,
};

pub use words::{Direction, Signal, Tag, Writer};

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload")]
pub enum Fact {
    /// An organisation was registered.
    #[serde(rename = "org.registered")]
    OrgRegistered {},
    /// A person was invited.
    #[serde(rename = "member.invited")]
    MemberInvited { invite: InviteId, role: String },
    /// A person joined.
    #[serde(rename = "member.joined")]
    MemberJoined { member: MemberId, role: String },
    /// A member's role changed.
    #[serde(rename = "member.role_changed")]
    MemberRoleChanged { member: MemberId, from: String, to: String },
    /// A member left or was removed.
    #[serde(rename = "member.removed")]
    MemberRemoved { member: MemberId },
    /// A member may not sign in for the time being.
    #[serde(rename = "member.suspended")]
    MemberSuspended { member: MemberId },
    /// A suspended member may sign in again.
    #[serde(rename = "member.reactivated")]
    MemberReactivated { member: MemberId },
    /// An API key was made.
    #[serde(rename = "key.created")]
    KeyCreated { key: KeyId },
    /// An API key was revoked.
    #[serde(rename = "key.revoked")]
    KeyRevoked { key: KeyId },
    /// A setting changed; the name of the group, not the value.
    #[serde(rename = "settings.changed")]
    SettingsChanged { group: String },

    /// An account was connected.
    #[serde(rename = "channel.connected")]
    ChannelConnected { channel: ChannelId, kind: ChannelKind },
    /// An account was disconnected.
    #[serde(rename = "channel.disconnected")]
    ChannelDisconnected { channel: ChannelId, kind: ChannelKind },
    /// An account needs attention, such as a new sign-in.
    #[serde(rename = "channel.failing")]
    ChannelFailing { channel: ChannelId, kind: ChannelKind, code: String },

    /// A person outside was seen for the first time.
    #[serde(rename = "contact.created")]
    ContactCreated { contact: ContactId, channel: Option<ChannelKind> },
    /// What is known of a contact changed; the field names, not the values.
    #[serde(rename = "contact.changed")]
    ContactChanged { contact: ContactId, fields: Vec<String> },
    /// Two contacts became one.
    #[serde(rename = "contact.merged")]
    ContactMerged { kept: ContactId, merged: ContactId },
    /// A merge was undone.
    #[serde(rename = "contact.unmerged")]
    ContactUnmerged { kept: ContactId, restored: ContactId },
    /// The contact does not want to be written to (an opt-out word), or wants it again.
    #[serde(rename = "contact.consent")]
    ContactConsent { contact: ContactId, channel: ChannelKind, opted_out: bool },

    /// The erasure of a contact was asked for: everything of them is hidden.
    #[serde(rename = "contact.hidden")]
    ContactHidden { contact: ContactId },
    /// The erasure was taken back.
    #[serde(rename = "contact.restored")]
    ContactRestored { contact: ContactId },
    /// Nothing of the contact is left.
    #[serde(rename = "contact.erased")]
    ContactErased { contact: ContactId },

    /// A thread began.
    #[serde(rename = "conversation.opened")]
    ConversationOpened { conversation: ConversationId, contact: ContactId, channel: ChannelId, kind: ChannelKind },
    /// Its status changed.
    #[serde(rename = "conversation.status")]
    ConversationStatus { conversation: ConversationId, from: String, to: String },
    /// It was given to a member, or to nobody.
    #[serde(rename = "conversation.assigned")]
    ConversationAssigned { conversation: ConversationId, member: Option<MemberId> },
    /// A person took the pen from the bot.
    #[serde(rename = "conversation.taken_over")]
    ConversationTakenOver { conversation: ConversationId, by: String },
    /// The pen went back to the bot.
    #[serde(rename = "conversation.released")]
    ConversationReleased { conversation: ConversationId },
    /// The bot asked for a person.
    #[serde(rename = "conversation.escalated")]
    ConversationEscalated { conversation: ConversationId, reason: String, decision: Option<DecisionId> },
    /// A private note was written.
    #[serde(rename = "conversation.noted")]
    ConversationNoted { conversation: ConversationId, note: NoteId },
    /// Labels changed.
    #[serde(rename = "conversation.labelled")]
    ConversationLabelled { conversation: ConversationId, labels: Vec<String> },

    /// A contact wrote.
    #[serde(rename = "message.received")]
    MessageReceived {
        conversation: ConversationId,
        contact: ContactId,
        message: MessageId,
        channel: ChannelKind,
        first: bool,
    },
    /// A message of a contact was understood: what leads, scores and analytics are made from.
    #[serde(rename = "message.understood")]
    MessageUnderstood {
        conversation: ConversationId,
        contact: ContactId,
        message: MessageId,
        channel: ChannelKind,
        decision: DecisionId,
        language: String,
        topic: String,
        intent: String,
        intent_confidence: f32,
        sentiment: String,
        sentiment_score: f32,
        urgency: String,
        /// Names of the lead signals found in this message; the leads room knows their weights.
        signals: Vec<String>,
        /// How many messages the contact has written in this conversation, this one included.
        inbound_count: i32,
        flags: Vec<String>,
    },
    /// A message to a contact was made and waits to be sent.
    #[serde(rename = "message.queued")]
    MessageQueued { conversation: ConversationId, message: MessageId, writer: Writer },
    /// The platform took it.
    #[serde(rename = "message.sent")]
    MessageSent {
        conversation: ConversationId,
        contact: ContactId,
        message: MessageId,
        channel: ChannelKind,
        writer: Writer,
        /// False for acknowledgements and holding messages, which do not count as an answer.
        meaningful: bool,
        /// Seconds since the contact's oldest unanswered message, when this is the first answer to it.
        #[serde(default)]
        answered_after_s: Option<i64>,
        /// Whether it is the first meaningful answer in the conversation.
        #[serde(default)]
        first_answer: bool,
    },
    /// Its delivery state changed: `delivered`, `read`, `failed`, `unknown`, `cancelled`.
    #[serde(rename = "message.state")]
    MessageState { conversation: ConversationId, message: MessageId, state: String, code: Option<String> },
    /// A reaction was put on a message or taken away.
    #[serde(rename = "message.reaction")]
    MessageReaction { conversation: ConversationId, message: MessageId },
    /// The contact took a message back.
    #[serde(rename = "message.deleted")]
    MessageDeleted { conversation: ConversationId, message: MessageId },

    /// A possible sale was seen.
    #[serde(rename = "lead.created")]
    LeadCreated { lead: LeadId, contact: ContactId, channel: Option<ChannelKind> },
    /// Its score or tag changed.
    #[serde(rename = "lead.scored")]
    LeadScored {
        lead: LeadId,
        contact: ContactId,
        conversation: Option<ConversationId>,
        score: i32,
        tag: Tag,
        was: Option<Tag>,
        signals: Vec<Signal>,
    },
    /// A person set the tag by hand.
    #[serde(rename = "lead.tagged")]
    LeadTagged { lead: LeadId, contact: ContactId, tag: Tag, was: Tag },
    /// It moved in the pipeline.
    #[serde(rename = "lead.stage")]
    LeadStage { lead: LeadId, contact: ContactId, from: String, to: String },
    /// Something was done on it.
    #[serde(rename = "lead.activity")]
    LeadActivity { lead: LeadId, activity: ActivityId, activity_kind: String },
    /// It was given to a member.
    #[serde(rename = "lead.assigned")]
    LeadAssigned { lead: LeadId, member: Option<MemberId> },
    /// The CRM holds it now.
    #[serde(rename = "crm.synced")]
    CrmSynced { lead: LeadId, system: String, remote_id: String },
    /// The CRM refused it.
    #[serde(rename = "crm.failed")]
    CrmFailed { lead: LeadId, system: String, code: String },

    /// A document can now be answered from.
    #[serde(rename = "knowledge.indexed")]
    KnowledgeIndexed { document: DocumentId, chunks: i32 },
    /// A document was removed or could not be read.
    #[serde(rename = "knowledge.removed")]
    KnowledgeRemoved { document: DocumentId },

    /// Signals landed together, new or corrected.
    #[serde(rename = "signals.landed")]
    SignalsLanded { batch: Uuid, count: i64 },
    /// The views of signals hold them now; the places that they touched (nil: no place was named).
    #[serde(rename = "signals.folded")]
    SignalsFolded { places: Vec<Uuid> },
    /// The scores of places were calculated anew (nil: the whole organisation).
    #[serde(rename = "scores.changed")]
    ScoresChanged { places: Vec<Uuid> },

    /// A metric was out of the ordinary at a place (nil: the whole organisation) on a day.
    #[serde(rename = "anomaly.found")]
    AnomalyFound { anomaly: AnomalyId, metric: String, place: Uuid, day: String },
    /// So many leads met a play.
    #[serde(rename = "play.enrolled")]
    PlayEnrolled { play: String, count: i64 },

    /// A report can be read.
    #[serde(rename = "report.ready")]
    ReportReady { report: ReportId },
    /// A report that was due did not reach so many recipients, for good; why, without addresses.
    #[serde(rename = "report.undelivered")]
    ReportUndelivered { schedule: ScheduleId, recipients: i32, reason: String },

    /// A visitor of the site finished the maturity audit.
    #[serde(rename = "site.audit_done")]
    AuditDone { audit: MaturityId, score: i32 },
    /// A visitor wrote, asked for a result or booked; whom it made known, once workers saw to it.
    #[serde(rename = "site.inquiry")]
    InquiryArrived { inquiry: InquiryId, inquiry_kind: String, contact: ContactId, lead: Option<LeadId> },
    /// A consultation was booked, moved or cancelled.
    #[serde(rename = "site.booking")]
    BookingChanged { booking: BookingId, inquiry: InquiryId, state: String },
    /// A page of the site was published, changed or taken away.
    #[serde(rename = "site.page")]
    PageChanged { page: PageId, page_kind: String, state: String },

    /// A kind written by a newer program; kept as it is.
    #[serde(skip)]
    Unknown { kind: String, payload: Value },
}

impl Fact {
    /// The kind and payload as the database holds them.
    pub(crate) fn to_row(&self) -> Result<(&'static str, Value), sqlx::Error> {
        let mut value = serde_json::to_value(self).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let payload = value.get_mut("payload").map(Value::take).unwrap_or_default();
        Ok((self.kind(), payload))
    }

    /// Reads a stored fact; a kind this program does not know is kept as [`Fact::Unknown`].
    pub fn from_row(kind: &str, payload: Value) -> Self {
        let tagged = serde_json::json!({ "kind": kind, "payload": payload });
        serde_json::from_value(tagged).unwrap_or_else(|_| Self::Unknown { kind: kind.to_owned(), payload })
    }

    /// The same from the payload's text: what reads many facts need not build a tree of each.
    pub(crate) fn from_json(kind: &str, payload: &str) -> Self {
        // Kinds are our own words: nothing in them has to be escaped. The tag comes first, so that nothing is buffered.
        let tagged = format!("{{\"kind\":\"{kind}\",\"payload\":{payload}}}");
        serde_json::from_str(&tagged).unwrap_or_else(|_| Self::Unknown {
            kind: kind.to_owned(),
            payload: serde_json::from_str(payload).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_the_serde_name_and_a_fact_reads_back() {
        let fact = Fact::LeadTagged {
            lead: LeadId::at(chrono::DateTime::UNIX_EPOCH),
            contact: ContactId::at(chrono::DateTime::UNIX_EPOCH),
            tag: Tag::Hot,
            was: Tag::Cold,
        };
        let json = serde_json::to_value(&fact).expect("facts serialise");
        assert_eq!(json["kind"], fact.kind());
        let (kind, payload) = fact.to_row().expect("facts serialise");
        assert_eq!(Fact::from_json(kind, &payload.to_string()), fact);
        assert_eq!(Fact::from_row(kind, payload), fact);
    }

    #[test]
    fn a_newer_kind_is_kept() {
        let fact = Fact::from_row("future.kind", serde_json::json!({ "a": 1 }));
        assert!(matches!(&fact, Fact::Unknown { kind, payload } if kind == "future.kind" && payload["a"] == 1));
        assert_eq!(Fact::from_json("future.kind", "{\"a\": 1}"), fact);
    }
}
