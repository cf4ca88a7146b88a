//! Scripted people for the demo: believable customers of a dental and aesthetics practice, in several languages, each
//! writing over time. The same seed gives the same people, the same words, the same hours.

mod lines;
mod names;

use rand::prelude::IndexedRandom as _;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::threads::Platform;

pub use lines::{Language, Wish};

/// One person and everything they will write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Persona {
    /// The name their profile shows.
    pub name: String,
    /// The language they write in.
    pub language: Language,
    /// The platform they use.
    pub platform: Platform,
    /// Their id on it.
    pub person: String,
    /// What they want.
    pub wish: Wish,
    /// An address they give when asked, at example.com.
    pub email: String,
    /// Their messages in order.
    pub script: Vec<Turn>,
}

/// One message, and when it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Seconds after the start of the story.
    pub at_s: i64,
    /// The words.
    pub text: String,
}

/// How many people, over how long.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// The people.
    pub people: usize,
    /// The days over which they begin to write.
    pub days: u32,
    /// The seed.
    pub seed: u64,
}

impl Story {
    /// The people of the story, ordered by their first message.
    pub fn tell(self) -> Vec<Persona> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut people: Vec<Persona> = (0..self.people).map(|number| persona(number, self.days, &mut rng)).collect();
        people.sort_by_key(|persona| persona.script.first().map(|turn| turn.at_s));
        people
    }
}

fn persona(number: usize, days: u32, rng: &mut ChaCha8Rng) -> Persona {
    let language = Language::common(rng.random_range(0..100));
    let (first, last) = (pick(names::first(language), rng), pick(names::last(language), rng));
    let platform = match rng.random_range(0..100) {
        0..35 => Platform::WhatsApp,
        35..65 => Platform::Instagram,
        65..90 => Platform::Messenger,
        _ => Platform::X,
    };
    let wish = Wish::common(rng.random_range(0..100));
    let email = format!("{}.{}{number}@example.com", plain(first), plain(last));
    let begin = first_moment(days, rng);
    Persona {
        name: format!("{first} {last}"),
        language,
        platform,
        person: person_id(platform, number, rng),
        wish,
        script: script(language, wish, begin, &email, rng),
        email,
    }
}

/// People write when they are awake, mostly at noon and in the evening.
fn first_moment(days: u32, rng: &mut ChaCha8Rng) -> i64 {
    let day = i64::from(rng.random_range(0..days.max(1)));
    let hour = [7, 8, 9, 10, 11, 12, 12, 13, 15, 16, 17, 18, 19, 19, 20, 20, 21, 22][rng.random_range(0..18)];
    day * 86_400 + hour * 3600 + rng.random_range(0..3600)
}

/// Invented ids: WhatsApp numbers lie in the range kept for fiction, and one person in six shows no number at all.
fn person_id(platform: Platform, number: usize, rng: &mut ChaCha8Rng) -> String {
    match platform {
        Platform::WhatsApp if rng.random_range(0..6) == 0 => {
            format!("US.{:013}", 4_000_000_000_000_u64 + number as u64)
        }
        Platform::WhatsApp => format!("1{:03}55501{:02}", 200 + number / 100 % 800, number % 100),
        Platform::Messenger => format!("78{:014}", 10_000_000 + number),
        Platform::Instagram => format!("90{:014}", 20_000_000 + number),
        Platform::X => format!("2{:018}", 30_000_000 + number),
    }
}

fn script(language: Language, wish: Wish, begin: i64, email: &str, rng: &mut ChaCha8Rng) -> Vec<Turn> {
    let mut at_s = begin;
    let mut turns = Vec::new();
    for choices in lines::script(language, wish) {
        let text = pick(choices, rng).replace("{email}", email);
        turns.push(Turn { at_s, text });
        at_s += rng.random_range(40..900);
    }
    // Some never come back after the first question; a few return days later.
    match rng.random_range(0..10) {
        0..2 => turns.truncate(1),
        2 => turns.push(Turn {
            at_s: at_s + rng.random_range(1..5) * 86_400,
            text: pick(lines::back(language), rng).to_owned(),
        }),
        _ => {}
    }
    turns
}

fn pick<'a>(choices: &[&'a str], rng: &mut ChaCha8Rng) -> &'a str {
    choices.choose(rng).copied().unwrap_or_default()
}

/// A name as an address writes it.
fn plain(name: &str) -> String {
    name.chars()
        .filter_map(|c| match c.to_lowercase().next()? {
            'á' | 'à' | 'â' | 'ã' | 'ä' => Some('a'),
            'é' | 'è' | 'ê' | 'ë' => Some('e'),
            'í' | 'ï' => Some('i'),
            'ó' | 'ô' | 'õ' | 'ö' => Some('o'),
            'ú' | 'ü' => Some('u'),
            'ñ' => Some('n'),
            'ç' => Some('c'),
            c if c.is_ascii_lowercase() => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const STORY: Story = Story { people: 400, days: 30, seed: 7 };

    #[test]
    fn the_same_seed_tells_the_same_story() {
        assert_eq!(STORY.tell(), STORY.tell());
        assert_ne!(STORY.tell(), Story { seed: 8, ..STORY }.tell());
    }

    #[test]
    fn everybody_is_somebody_else_and_reachable() {
        let people = STORY.tell();
        let ids: HashSet<_> = people.iter().map(|persona| (persona.platform, persona.person.clone())).collect();
        assert_eq!(ids.len(), people.len());
        assert!(
            people.iter().all(|persona| persona.email.ends_with("@example.com") && !persona.email.starts_with('.'))
        );
        assert!(
            people
                .iter()
                .all(|persona| persona.script.iter().all(|turn| !turn.text.is_empty() && !turn.text.contains('{')))
        );
        assert!(people.iter().all(|persona| persona.script.is_sorted_by_key(|turn| turn.at_s)));
    }

    #[test]
    fn every_language_wish_and_platform_occurs() {
        let people = STORY.tell();
        let count = |of: fn(&Persona) -> String| people.iter().map(of).collect::<HashSet<_>>().len();
        assert_eq!(count(|p| format!("{:?}", p.language)), 6);
        assert_eq!(count(|p| format!("{:?}", p.wish)), 7);
        assert_eq!(count(|p| format!("{:?}", p.platform)), 4);
    }

    #[test]
    fn numbers_are_kept_for_fiction() {
        for persona in STORY.tell().iter().filter(|p| p.platform == Platform::WhatsApp && !p.person.starts_with("US."))
        {
            assert!(persona.person.len() == 11 && persona.person[4..].starts_with("55501"), "{}", persona.person);
        }
    }
}
