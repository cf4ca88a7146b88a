//! Calendars as sources of bookings, whoever keeps them: which entries are appointments, what they tell, and how far they were read.
//!
//! Most entries of a calendar are no appointments. One is when somebody from outside takes part in it, when its title has one of the
//! connection's words, or when its calendar is for appointments alone. What lasts whole days and what is marked as private is never
//! one. Rules a newcomer would break: titles and texts are looked at and never told; an entry that was removed after it began took
//! place all the same; a calendar never says that somebody did not come.

pub(crate) mod entry;
pub(crate) mod place;
pub(crate) mod read;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// How the calendars of an account are read. Lists may be given as one text with commas between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The calendars to read, by name or id; every one that the account may write to where empty.
    #[serde(deserialize_with = "listed")]
    pub calendars: Vec<String>,
    /// Calendars for appointments alone, by name or id: everything in them that has an hour is one.
    #[serde(deserialize_with = "listed")]
    pub whole: Vec<String>,
    /// A title with one of these in it makes an appointment, also without a guest.
    #[serde(deserialize_with = "listed")]
    pub words: Vec<String>,
    /// Domains of colleagues, besides that of the calendar's owner.
    #[serde(deserialize_with = "listed")]
    pub domains: Vec<String>,
    /// The place of business that the bookings are of; none where empty.
    pub location: String,
    /// The same for single calendars, by name or id.
    pub places: BTreeMap<String, String>,
    /// Days ahead that are read.
    pub ahead_days: i64,
    /// After so many days a calendar is read whole again: what lies ahead is told for a stretch of days, which moves.
    pub round_days: i64,
    /// Entries of one page, 1–1,000.
    pub page: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            calendars: Vec::new(),
            whole: Vec::new(),
            words: Vec::new(),
            domains: Vec::new(),
            location: String::new(),
            places: BTreeMap::new(),
            ahead_days: 366,
            round_days: 7,
            page: 250,
        }
    }
}

/// A list, or a text with commas between its parts.
fn listed<'de, D: Deserializer<'de>>(given: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(String),
        List(Vec<String>),
    }
    let parts: Vec<String> = match Given::deserialize(given)? {
        Given::Text(text) => text.split(',').map(str::to_owned).collect(),
        Given::List(list) => list,
    };
    Ok(parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect())
}

/// A calendar of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Calendar {
    pub id: String,
    pub name: String,
    /// The address of its owner; colleagues are of the same domain.
    pub owner: String,
}

impl Calendar {
    fn is(&self, wanted: &str) -> bool {
        self.id.eq_ignore_ascii_case(wanted) || self.name.eq_ignore_ascii_case(wanted)
    }
}

impl Config {
    /// Whether a calendar is read. `own`: the account may write to it, and nobody said which ones count.
    pub(crate) fn reads(&self, calendar: &Calendar, own: bool) -> bool {
        let mut named = self.calendars.iter().chain(&self.whole);
        (own && self.calendars.is_empty()) || named.any(|wanted| calendar.is(wanted))
    }

    /// Whether everything in a calendar is an appointment.
    fn is_whole(&self, calendar: &Calendar) -> bool {
        self.whole.iter().any(|wanted| calendar.is(wanted))
    }

    /// The place of business that a calendar's bookings are of.
    fn place_of(&self, calendar: &Calendar) -> Option<String> {
        let own = self.places.iter().find(|(wanted, _)| calendar.is(wanted)).map(|(_, place)| place);
        Some(own.unwrap_or(&self.location).clone()).filter(|place| !place.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_read_as_texts_and_as_lists() {
        let config: Config =
            serde_json::from_value(json!({"words": " Cleaning, check-up ,", "domains": ["a.example"]}))
                .expect("a configuration");
        assert_eq!(
            (config.words, config.domains),
            (vec!["Cleaning".into(), "check-up".into()], vec!["a.example".into()])
        );
        assert!(serde_json::from_value::<Config>(json!({"words": 7})).is_err());
    }

    #[test]
    fn calendars_are_chosen_by_name_or_id() {
        let calendar = |name: &str| Calendar { id: format!("{name}@group"), name: name.into(), owner: String::new() };
        let chosen =
            Config { calendars: vec!["chair 1".into()], whole: vec!["Chair 2@group".into()], ..Config::default() };
        assert!(chosen.reads(&calendar("Chair 1"), false) && chosen.reads(&calendar("Chair 2"), false));
        assert!(!chosen.reads(&calendar("Holidays"), true));
        let all = Config::default();
        assert!(all.reads(&calendar("Chair 1"), true) && !all.reads(&calendar("Holidays"), false));
        let places = BTreeMap::from([("Chair 1".to_owned(), "North".to_owned())]);
        let placed = Config { location: "Main".into(), places, ..Config::default() };
        assert_eq!(placed.place_of(&calendar("Chair 1")).as_deref(), Some("North"));
        assert_eq!(placed.place_of(&calendar("Chair 2")).as_deref(), Some("Main"));
    }
}
