//! The word lists of answers, in one file that a speaker of a language can read and correct: `assets/answers.txt`.
//!
//! A name in brackets, then entries between bars or line ends; spaces at an entry's edges count.

use std::collections::HashMap;
use std::sync::LazyLock;

static FILE: &str = include_str!("../../assets/answers.txt");
static LISTS: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let mut lists: HashMap<&str, Vec<&str>> = HashMap::new();
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
}
