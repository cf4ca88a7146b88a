//! The word lists of answers, in one file that a speaker of a language can read and correct: `assets/answers.txt`.
//!
//! A name in brackets, then entries between bars or line ends; spaces at an entry's edges count.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::retrieval::text::WordMap;

static FILE: &str = include_str!("../../assets/answers.txt");
static LISTS: LazyLock<WordMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let mut lists: WordMap<&str, Vec<&str>> = WordMap::default();
    let mut name = "";
    for line in FILE.lines() {
        match line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            Some(next) => name = next,
            None => lists.entry(name).or_default().extend(line.split('|').filter(|e| !e.is_empty())),
        }
    }
    lists
});

/// A list by its name; one that is not in the file is empty.
pub(super) fn list(name: &str) -> &'static [&'static str] {
    LISTS.get(name).map_or(&[], Vec::as_slice)
}

/// Looks for the entries of several lists in one pass over a text.
pub(super) struct Finder {
    automaton: AhoCorasick,
    /// For each entry, the place of its list among the names.
    lists: Vec<usize>,
}

impl Finder {
    /// Over the lists with these names.
    pub(super) fn new(names: &[&str]) -> Self {
        let entries = || names.iter().enumerate().flat_map(|(place, name)| list(name).iter().map(move |e| (place, *e)));
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(entries().map(|(_, entry)| entry))
            .expect("a few hundred short phrases fit the automaton");
        Self { automaton, lists: entries().map(|(place, _)| place).collect() }
    }

    /// The first list, in the order of the names, that has an entry in a lower-case text.
    pub(super) fn first(&self, lower: &str) -> Option<usize> {
        self.automaton.find_overlapping_iter(lower).map(|found| self.lists[found.pattern().as_usize()]).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_there_and_lower_case() {
        let names = [
            "asks.price",
            "asks.time",
            "asks.place",
            "asks.reach",
            "asks.duration",
            "names.price",
            "names.time",
            "names.place",
        ];
        let more = [
            "names.reach",
            "names.duration",
            "places",
            "places.ends",
            "units",
            "days",
            "free",
            "greetings",
            "thanks",
            "goodbyes",
        ];
        for name in names.iter().chain(&more).chain(&["fillers", "own record", "leaning"]) {
            assert!(!list(name).is_empty(), "{name}");
        }
        assert_eq!(LISTS.len(), names.len() + more.len() + 3);
        assert!(LISTS.values().flatten().all(|e| e.to_lowercase() == **e), "they are compared with lower-case text");
        assert!(list("no such list").is_empty());
    }

    #[test]
    fn a_finder_finds_what_contains_finds() {
        let names = ["asks.reach", "asks.duration", "asks.price", "asks.time", "asks.place"];
        let finder = Finder::new(&names);
        for text in [
            "how much is it and how long does it take?",
            "wo ist die adresse",
            "¿a qué hora abren?",
            "what's the fee",
            "what's the fee?",
            "do you take delta dental?",
            "",
        ] {
            let plain = names.iter().position(|name| list(name).iter().any(|entry| text.contains(entry)));
            assert_eq!(finder.first(text), plain, "{text}");
        }
    }
}
