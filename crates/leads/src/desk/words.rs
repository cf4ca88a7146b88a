//! The words of the desk: stages, what a signal is called, what to do next, how a fact reads in a timeline.

use kernel::channel::ChannelKind;
use kernel::ledger::{Actor, Fact, Tag, Writer};

/// The stages of a lead, in order, with what people call them.
pub(crate) const STAGES: [(&str, &str); 6] = [
    ("new", "New"),
    ("contacted", "Contacted"),
    ("qualified", "Qualified"),
    ("proposal", "Proposal"),
    ("won", "Won"),
    ("lost", "Lost"),
];

/// Whether a lead in the stage is over.
pub(crate) fn ends(stage: &str) -> bool {
    matches!(stage, "won" | "lost")
}

/// What people call a stage.
pub(crate) fn stage_label(stage: &str) -> &str {
    STAGES.iter().find(|(word, _)| *word == stage).map_or(stage, |(_, label)| label)
}

/// What people call a signal.
pub(crate) fn signal_label(name: &str) -> String {
    let label = match name {
        "price_or_buying" => "Asks about the price or wants to buy",
        "availability" => "Asks whether it is available",
        "demo_or_trial" => "Asks for a demo or a trial",
        "urgency" => "Is in a hurry",
        "three_or_more_messages" => "Wrote three or more messages",
        "positive_on_product" => "Likes the product",
        "product_inquiry" => "Asks about a product",
        "features" => "Asks about features",
        "first_contact_with_interest" => "First contact, with interest",
        "follows" => "Follows the account",
        "greeting" => "Greets",
        "unrelated" => "Wrote about something else",
        "negative_on_product" => "Dislikes the product",
        "not_interested" => "Says they are not interested",
        other => return spaced(other),
    };
    label.to_owned()
}

/// `book_appointment` as people read it: `book appointment`.
pub(crate) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

/// What to do next with a lead.
pub(crate) fn next_step(tag: &str, stage: &str) -> &'static str {
    match (tag, stage) {
        (_, "won") => "Ask how it went, and for a review",
        (_, "lost") => "Write down why, and come back in three months",
        (_, "proposal") => "Follow up on the proposal",
        ("HOT", "new") => "Write or call now: this lead is ready to buy",
        ("HOT", _) => "Agree on the next step today",
        ("WARM", "new") => "Answer what they asked and offer a time",
        ("WARM", _) => "Follow up within a day",
        _ => "Keep in touch; no hurry",
    }
}

/// What people call a kind of channel.
fn channel_name(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Facebook => "Facebook",
        ChannelKind::Instagram => "Instagram",
        ChannelKind::Whatsapp => "WhatsApp",
        ChannelKind::X => "X",
        ChannelKind::Webchat => "the web chat",
        ChannelKind::Email => "e-mail",
        ChannelKind::Voice => "the phone",
    }
}

/// What people call a CRM.
fn system_name(system: &str) -> &str {
    if system == "hubspot" { "HubSpot" } else { system }
}

/// A fact as a line of the timeline; none for facts that tell a person nothing.
pub(crate) fn line_of(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::ContactCreated { channel, .. } => match channel {
            Some(kind) => format!("Seen for the first time on {}", channel_name(*kind)),
            None => "Added as a contact".to_owned(),
        },
        Fact::ContactChanged { fields, .. } => format!("Contact changed: {}", fields.join(", ")),
        Fact::ContactMerged { .. } => "Merged with another contact".to_owned(),
        Fact::ContactUnmerged { .. } => "A merge was undone".to_owned(),
        Fact::ContactConsent { opted_out: true, channel, .. } => {
            format!("Does not want messages on {}", channel_name(*channel))
        }
        Fact::ContactConsent { channel, .. } => format!("Wants messages on {} again", channel_name(*channel)),
        Fact::ConversationOpened { kind, .. } => format!("Conversation began on {}", channel_name(*kind)),
        Fact::ConversationStatus { to, .. } => match to.as_str() {
            "needs_human" => "Conversation waits for a person".to_owned(),
            other => format!("Conversation is {}", spaced(other)),
        },
        Fact::ConversationAssigned { member, .. } => {
            if member.is_some() { "Conversation assigned" } else { "Conversation unassigned" }.to_owned()
        }
        Fact::ConversationTakenOver { .. } => "A person took over".to_owned(),
        Fact::ConversationReleased { .. } => "Handed back to Recoup".to_owned(),
        Fact::ConversationEscalated { reason, .. } => format!("Recoup asked for a person: {}", spaced(reason)),
        Fact::ConversationNoted { .. } => "Private note".to_owned(),
        Fact::MessageReceived { channel, .. } => format!("Wrote on {}", channel_name(*channel)),
        Fact::MessageUnderstood { topic, intent, .. } => format!("Understood: {}, {}", spaced(topic), spaced(intent)),
        Fact::MessageSent { writer: Writer::Bot, channel, .. } => {
            format!("Recoup answered on {}", channel_name(*channel))
        }
        Fact::MessageSent { channel, .. } => format!("Answered on {}", channel_name(*channel)),
        Fact::MessageState { state, .. } if state == "failed" => "A message could not be delivered".to_owned(),
        Fact::LeadCreated { .. } => "Became a lead".to_owned(),
        Fact::LeadScored { score, tag, .. } => format!("Scored {score}: {}", tag.word()),
        Fact::LeadTagged { tag, was, .. } => format!("Tagged {}, was {}", tag.word(), was.word()),
        Fact::LeadStage { from, to, .. } => format!("Moved from {} to {}", stage_label(from), stage_label(to)),
        Fact::LeadActivity { activity_kind, .. } => format!("Activity: {}", spaced(activity_kind)),
        Fact::LeadAssigned { .. } => "Given to another owner".to_owned(),
        Fact::CrmSynced { system, .. } => format!("Written to {}", system_name(system)),
        Fact::CrmFailed { system, code, .. } => format!("{} refused it: {}", system_name(system), spaced(code)),
        _ => return None,
    })
}

/// Who did it, in a word.
pub(crate) fn who(actor: Actor) -> &'static str {
    match actor {
        Actor::User(_) => "member",
        Actor::Key(_) => "API key",
        Actor::Contact(_) => "contact",
        Actor::Bot => "Recoup",
        Actor::System => "system",
    }
}

/// Reads a tag's word.
pub(crate) fn tag_of(word: &str) -> Option<Tag> {
    [Tag::Hot, Tag::Warm, Tag::Cold].into_iter().find(|tag| tag.word() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_and_stage_has_words_of_its_own() {
        let weights = serde_json::to_value(ai::local::LeadWeights::default()).expect("weights serialise");
        for name in weights.as_object().expect("an object").keys() {
            assert_ne!(signal_label(name), spaced(name), "{name}");
        }
        assert_eq!((stage_label("proposal"), stage_label("their_own")), ("Proposal", "their_own"));
        assert!(ends("won") && !ends("new"));
        assert_ne!(next_step("HOT", "new"), next_step("COLD", "new"));
        assert_eq!((tag_of("WARM"), tag_of("warm")), (Some(Tag::Warm), None));
    }
}
