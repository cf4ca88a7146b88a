//! The words in which two questions must agree to be the same question.
//!
//! "Are you open on Monday?" and "Are you open on Sunday?" lie closer together than 0.95 in any vector space, and need
//! different answers. So numbers, days, months, times and negations are compared as they stand.

/// Words that turn an answer around, in the languages Recoup's customers write most.
const TELLING: &[&str] = &[
    "no",
    "not",
    "never",
    "without",
    "except",
    "cannot",
    "nicht",
    "kein",
    "keine",
    "nie",
    "ohne",
    "sin",
    "nunca",
    "pas",
    "sans",
    "jamais",
    "non",
    "senza",
    "mai",
    "today",
    "tomorrow",
    "yesterday",
    "tonight",
    "morning",
    "afternoon",
    "evening",
    "night",
    "weekend",
    "weekday",
    "heute",
    "morgen",
    "gestern",
    "hoy",
    "ayer",
    "aujourd",
    "demain",
    "hier",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "lunes",
    "martes",
    "jueves",
    "viernes",
    "domingo",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "first",
    "second",
    "third",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "child",
    "children",
    "kids",
    "adult",
    "adults",
    "buy",
    "sell",
    "open",
    "close",
    "closed",
    "before",
    "after",
    "cancel",
    "book",
    "change",
    "more",
    "less",
    "cheapest",
    "best",
];

/// A question with case, punctuation at its ends and runs of spaces taken out: what "the same words" means.
pub(super) fn normalised(question: &str) -> String {
    let lower = question.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    words.join(" ").trim_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace()).to_owned()
}

/// The telling words of a question, sorted, each once. Plural and singular count as one.
pub(super) fn telling(question: &str) -> Vec<String> {
    let lower = question.to_lowercase().replace("n't", " not");
    let mut words: Vec<String> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '.' || c == ':'))
        .map(|word| word.trim_matches(['.', ':']))
        .filter(|word| {
            let singular = word.strip_suffix('s').unwrap_or(word);
            word.chars().any(char::is_numeric) || TELLING.contains(word) || TELLING.contains(&singular)
        })
        .map(|word| word.strip_suffix('s').filter(|singular| TELLING.contains(singular)).unwrap_or(word).to_owned())
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_the_same_question() {
        assert_eq!(normalised("  What are   your HOURS?! "), "what are your hours");
        assert_eq!(normalised("???"), "");
    }

    #[test]
    fn days_numbers_and_negations_tell_questions_apart() {
        assert_ne!(telling("Are you open on Monday?"), telling("Are you open on Sunday?"));
        assert_ne!(telling("Do you accept cards?"), telling("Don't you accept cards?"));
        assert_ne!(telling("Is it 20 dollars?"), telling("Is it 30 dollars?"));
        assert_eq!(telling("Open Mondays?"), telling("open monday"));
        assert_eq!(telling("What does a cleaning cost?"), telling("How much is a cleaning?"));
    }
}
