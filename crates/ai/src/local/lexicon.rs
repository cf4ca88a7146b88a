//! The word lists of `assets/words/`, searched for all at once.
//!
//! A hit counts only in the language of the message (see [`Hits::keep`]): "die", "got" and "hora" are harmless somewhere
//! and not elsewhere. Lists are data; the rules that combine them live with the stage that uses them.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::fold::{fold, joins_word, runs_together};
use super::language::{KNOWN, Language};

macro_rules! lists {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A list of words with one meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum List { $($variant),+ }

        impl List {
            pub const ALL: &[List] = &[$(List::$variant),+];

            /// The name in the asset files.
            pub fn name(self) -> &'static str {
                match self { $(List::$variant => $name),+ }
            }
        }
    };
}

// The heads read the first lists as features in this order: add new lists at the end and retrain.
lists! {
    Greeting = "greeting", Thanks = "thanks", Farewell = "farewell", Acknowledge = "acknowledge",
    OptOut = "opt_out", WantsHuman = "wants_human", BotQuestion = "bot_question", Legal = "legal",
    NotInterested = "not_interested", Question = "question", Price = "price", Buying = "buying",
    Availability = "availability", Demo = "demo", Feature = "feature", Product = "product", Booking = "booking",
    Problem = "problem", Complaint = "complaint", Praise = "praise", Suggestion = "suggestion", Inquiry = "inquiry",
    Offtopic = "offtopic", Critical = "critical", Urgent = "urgent", NoRush = "no_rush", Follow = "follow",
    Positive = "positive", Negative = "negative", Negator = "negator", Contrast = "contrast", Abuse = "abuse",
    Rough = "rough", InjectVerb = "inject_verb", InjectScope = "inject_scope", InjectObject = "inject_object",
    InjectPhrase = "inject_phrase", SpamPhrase = "spam_phrase", Shortener = "shortener", Promise = "promise",
}

const SOURCES: [&str; 4] = [
    include_str!("../../assets/words/conversation.txt"),
    include_str!("../../assets/words/business.txt"),
    include_str!("../../assets/words/guard.txt"),
    include_str!("../../assets/words/sentiment.txt"),
];

/// One phrase found in a folded text; `start..end` are its bytes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    pub list: List,
    pub language: u8,
    pub start: u32,
    pub end: u32,
}

impl Hit {
    /// Whether the phrase is long enough, or in a script rare enough, to mean the same in any language.
    pub fn speaks_for_itself(&self, folded: &str) -> bool {
        let phrase = &folded[self.start as usize..self.end as usize];
        phrase.len() >= 9 || phrase.chars().all(|c| !c.is_ascii_alphabetic())
    }
}

#[derive(Clone, Copy)]
struct Entry {
    list: List,
    language: u8,
    open_left: bool,
    open_right: bool,
}

struct Lexicon {
    automaton: AhoCorasick,
    entries: Vec<Vec<Entry>>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::build);

impl Lexicon {
    fn build() -> Lexicon {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut phrases: Vec<String> = Vec::new();
        let mut entries: Vec<Vec<Entry>> = Vec::new();
        for source in SOURCES {
            for (list, language, raw) in parse(source) {
                let inner = raw.trim_matches('*');
                let phrase = fold(inner).trim().to_owned();
                if phrase.is_empty() {
                    continue;
                }
                let place = *places.entry(phrase.clone()).or_insert_with(|| {
                    phrases.push(phrase);
                    entries.push(Vec::new());
                    entries.len() - 1
                });
                let (open_left, open_right) = (raw.starts_with('*'), raw.ends_with('*'));
                entries[place].push(Entry { list, language, open_left, open_right });
            }
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&phrases)
            .expect("a few thousand short phrases fit the automaton");
        Lexicon { automaton, entries }
    }
}

/// `(list, language, phrase)` for every phrase of one asset file.
fn parse(source: &'static str) -> impl Iterator<Item = (List, u8, &'static str)> {
    let mut list = None;
    source.lines().flat_map(move |line| {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('@') {
            list = List::ALL.iter().copied().find(|l| l.name() == name);
            debug_assert!(list.is_some(), "no list is called {name}");
        }
        let words = if line.starts_with(['@', '#']) { None } else { line.split_once(' ') };
        let known = words.and_then(|(code, words)| {
            let language = KNOWN.iter().position(|l| l.code() == code)?;
            Some((list?, language as u8, words))
        });
        known.into_iter().flat_map(|(list, language, words)| {
            words.split(" | ").map(str::trim).filter(|w| !w.is_empty()).map(move |word| (list, language, word))
        })
    })
}

/// Everything the lists found in one message.
#[derive(Clone, Debug)]
pub struct Hits {
    all: Vec<Hit>,
    counts: [u16; List::ALL.len()],
}

impl Hits {
    /// Searches a folded text for every list in every language.
    pub fn find(folded: &str) -> Hits {
        let lexicon = &*LEXICON;
        let mut all = Vec::new();
        for found in lexicon.automaton.find_overlapping_iter(folded) {
            let (left, right) = boundaries(folded, found.start(), found.end());
            for entry in &lexicon.entries[found.pattern().as_usize()] {
                if (left || entry.open_left) && (right || entry.open_right) {
                    let (start, end) = (found.start() as u32, found.end() as u32);
                    all.push(Hit { list: entry.list, language: entry.language, start, end });
                }
            }
        }
        Hits { all, counts: [0; List::ALL.len()] }
    }

    /// Keeps what counts in `language`: its own words, and phrases of the guards that mean the same everywhere.
    ///
    /// Short messages keep greetings and the like of every language, because their language is a guess.
    pub fn keep(mut self, language: Language, short: bool, folded: &str) -> Hits {
        let own = language.index();
        self.all.retain(|hit| {
            own == Some(hit.language)
                || match hit.list {
                    List::Greeting | List::Thanks | List::Farewell | List::Acknowledge => short,
                    List::OptOut => short || hit.speaks_for_itself(folded),
                    List::Abuse | List::InjectPhrase => hit.speaks_for_itself(folded),
                    List::InjectVerb | List::InjectScope | List::InjectObject | List::Shortener => true,
                    List::Positive | List::Negative | List::SpamPhrase => folded.as_bytes()[hit.start as usize] >= 0xE2,
                    List::Rough | List::Negator | List::Contrast => false,
                    _ => own.is_none(),
                }
        });
        for hit in &self.all {
            self.counts[hit.list as usize] = self.counts[hit.list as usize].saturating_add(1);
        }
        self
    }

    pub fn has(&self, list: List) -> bool {
        self.counts[list as usize] > 0
    }

    pub fn count(&self, list: List) -> usize {
        usize::from(self.counts[list as usize])
    }

    /// The hits of one list, in the order of the text.
    pub fn of(&self, list: List) -> impl Iterator<Item = &Hit> {
        self.all.iter().filter(move |hit| hit.list == list)
    }

    /// Bytes of the folded text that these lists cover, overlaps counted once.
    pub fn covered(&self, lists: &[List]) -> usize {
        let mut spans: Vec<(u32, u32)> =
            self.all.iter().filter(|h| lists.contains(&h.list)).map(|h| (h.start, h.end)).collect();
        spans.sort_unstable();
        let (mut total, mut reached) = (0, 0);
        for (start, end) in spans {
            let from = start.max(reached);
            total += end.saturating_sub(from);
            reached = reached.max(end);
        }
        total as usize
    }
}

/// Whether a word may begin at `start` and end at `end`.
fn boundaries(text: &str, start: usize, end: usize) -> (bool, bool) {
    let first = text[start..].chars().next().unwrap_or(' ');
    let last = text[..end].chars().next_back().unwrap_or(' ');
    let before = text[..start].chars().next_back().unwrap_or(' ');
    let after = text[end..].chars().next().unwrap_or(' ');
    let left = runs_together(first) || !joins_word(first) || !joins_word(before);
    let right = runs_together(last) || !joins_word(last) || !joins_word(after);
    (left, right)
}
