//! The five plays: what sets each off, what it says, and what it needs to be allowed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A recovery play. The names are part of the public interface and of stored rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recipe {
    /// A call that nobody answered: text back.
    MissedCallTextBack,
    /// A message that nobody answered within an hour.
    SlowReply,
    /// A lead that was answered or quoted, and then nothing.
    StaleLead,
    /// A booking that was missed or cancelled and not made anew.
    AbandonedBooking,
    /// A customer who has not come back for 120 days.
    LapsedCustomer,
}

/// When a play is set off, in SQL over a journey `j`, at the instant `$3`.
pub(super) struct Trigger {
    /// The instant that set it off: the same whenever it is looked at.
    pub at: &'static str,
    /// What must hold.
    pub holds: &'static str,
}

impl Recipe {
    /// Every play.
    pub const ALL: [Self; 5] =
        [Self::MissedCallTextBack, Self::SlowReply, Self::StaleLead, Self::AbandonedBooking, Self::LapsedCustomer];

    /// The name, as in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissedCallTextBack => "missed_call_text_back",
            Self::SlowReply => "slow_reply",
            Self::StaleLead => "stale_lead",
            Self::AbandonedBooking => "abandoned_booking",
            Self::LapsedCustomer => "lapsed_customer",
        }
    }

    /// The play of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|recipe| recipe.as_str() == name)
    }

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::MissedCallTextBack => "Missed-call text-back",
            Self::SlowReply => "Slow-reply recovery",
            Self::StaleLead => "Stale-lead follow-up",
            Self::AbandonedBooking => "Abandoned booking",
            Self::LapsedCustomer => "Lapsed customer",
        }
    }

    /// What sets it off, in words.
    pub fn when(self) -> &'static str {
        match self {
            Self::MissedCallTextBack => "A call was not answered, and nobody called back within 2 minutes.",
            Self::SlowReply => "A message or form was not answered for an hour.",
            Self::StaleLead => "A lead was answered or quoted 3 days ago, and nothing followed.",
            Self::AbandonedBooking => "A booking was missed or cancelled a day ago and not made anew.",
            Self::LapsedCustomer => "A customer paid 120 days ago and has not come back.",
        }
    }

    /// What it says unless the organisation wrote its own.
    pub fn message(self) -> &'static str {
        match self {
            Self::MissedCallTextBack => {
                "Sorry we missed your call. How can we help? Answer here and we will take care of it."
            }
            Self::SlowReply => "Sorry for the wait. We have your message and are on it. Is there anything to add?",
            Self::StaleLead => {
                "We wanted to check in: do you have any questions about our offer? We are happy to help."
            }
            Self::AbandonedBooking => "We missed you. Would you like another time? Answer with a day that suits you.",
            Self::LapsedCustomer => "It has been a while. If there is anything we can do for you, just answer here.",
        }
    }

    /// Whether it is advertising, which needs consent that was given; otherwise none must have been withdrawn.
    pub fn is_marketing(self) -> bool {
        self == Self::LapsedCustomer
    }

    pub(super) fn trigger(self) -> Trigger {
        match self {
            Self::MissedCallTextBack => Trigger {
                at: "j.arrived_at",
                holds: "j.day >= ($3::timestamptz - interval '3 days')::date and j.opening = 'call' \
                    and j.answered_after_s is null and j.reached_at is null \
                    and j.arrived_at between $3::timestamptz - interval '24 hours' and $3::timestamptz - interval '2 minutes'",
            },
            Self::SlowReply => Trigger {
                at: "j.arrived_at + interval '1 hour'",
                holds: "j.day >= ($3::timestamptz - interval '9 days')::date and j.opening = 'message' \
                    and j.answered_after_s is null \
                    and j.arrived_at between $3::timestamptz - interval '7 days' and $3::timestamptz - interval '1 hour'",
            },
            Self::StaleLead => Trigger {
                at: "coalesce(j.quoted_at, j.arrived_at) + interval '3 days'",
                holds: "j.day >= ($3::timestamptz - interval '90 days')::date and j.answered_after_s is not null \
                    and j.booked_at is null and j.paid_at is null and coalesce(j.quoted_at, j.arrived_at) \
                      between $3::timestamptz - interval '60 days' and $3::timestamptz - interval '3 days'",
            },
            Self::AbandonedBooking => Trigger {
                at: "j.no_show_at + interval '1 day'",
                holds: "j.no_show_at between $3::timestamptz - interval '30 days' and $3::timestamptz - interval '1 day' \
                    and j.paid_at is null and (j.booked_at is null or j.booked_at <= j.no_show_at)",
            },
            Self::LapsedCustomer => Trigger {
                at: "j.paid_at + interval '120 days'",
                holds: "j.paid_at between $3::timestamptz - interval '365 days' and $3::timestamptz - interval '120 days' \
                    and not exists (select from journeys n where n.org_id = j.org_id and n.contact = j.contact \
                      and n.arrived_at > j.arrived_at and n.hidden_at is null)",
            },
        }
    }

    /// Whether a lead that somebody closed can still meet it.
    pub(super) fn takes_closed(self) -> bool {
        self == Self::LapsedCustomer
    }
}

#[cfg(test)]
mod tests {
    use super::Recipe;

    #[test]
    fn names_read_back() {
        for recipe in Recipe::ALL {
            assert_eq!(Recipe::named(recipe.as_str()), Some(recipe));
            assert_eq!(serde_json::to_value(recipe).expect("a word"), recipe.as_str());
            assert!(recipe.message().chars().count() <= 160, "one text message: {}", recipe.as_str());
        }
        assert_eq!(Recipe::named("nothing"), None);
    }
}
