//! What a visitor said: choices that were offered, or words.

use super::wish::{self, Wish};

/// What a visitor said, cut to what is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::assistant) struct Said {
    choices: Vec<String>,
    text: String,
}

impl Said {
    pub(in crate::assistant) fn new(choices: Vec<String>, text: &str) -> Self {
        Self { choices, text: text.trim().to_owned() }
    }

    /// What was chosen.
    pub(in crate::assistant) fn choices(&self) -> &[String] {
        &self.choices
    }

    /// The words.
    pub(in crate::assistant) fn text(&self) -> &str {
        &self.text
    }

    /// A choice that is none of a question's: one alone.
    pub(super) fn control(&self) -> Option<&str> {
        match self.choices.as_slice() {
            [one] if !one.starts_with("a:") && !one.starts_with("p:") => Some(one),
            _ => None,
        }
    }

    /// Choices with a prefix, without it.
    pub(super) fn chosen<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.choices.iter().filter_map(move |one| one.strip_prefix(prefix))
    }

    /// What the words ask for, where they plainly do.
    pub(super) fn wish(&self) -> Option<Wish> {
        wish::wish(&self.text)
    }

    /// Whether the words ask for a person where something else is asked.
    pub(super) fn asks_for_person(&self) -> bool {
        wish::asks_for_person(&self.text)
    }

    /// Whether the words are a question of the visitor's and no answer.
    pub(super) fn is_question(&self) -> bool {
        self.text.ends_with('?')
    }

    /// Whether the words are one of a few.
    pub(super) fn is_one_of(&self, words: &[&str]) -> bool {
        let said = self.text.to_lowercase();
        words.contains(&said.trim_end_matches(['.', '!']))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_a_question_controls_nothing() {
        assert_eq!(Said::new(vec!["a:none".into()], "").control(), None);
        assert_eq!(Said::new(vec!["skip".into()], "").control(), Some("skip"));
        assert_eq!(Said::new(vec!["skip".into(), "back".into()], "").control(), None);
        let two = Said::new(vec!["a:phone".into(), "x".into(), "a:email".into()], "");
        assert_eq!(two.chosen("a:").collect::<Vec<_>>(), ["phone", "email"]);
    }
}
