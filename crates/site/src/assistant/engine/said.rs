//! What a visitor said: choices that were offered, or words.

/// What a visitor said, cut to what is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::assistant) struct Said {
    choices: Vec<String>,
    text: String,
}

/// What words ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Person,
    Assess,
    Ready,
    Plan,
}

/// What people write who want a person; within words, folded to lower case.
const PERSON: [&str; 14] = [
    "talk to a person",
    "talk to a human",
    "talk to someone",
    "talk to somebody",
    "speak to a",
    "speak to someone",
    "speak to somebody",
    "speak with a",
    "speak with someone",
    "real person",
    "a human",
    "call me",
    "contact me",
    "get in touch with me",
];
const READY: [&str; 4] = ["readiness", "how ready", "are we ready", "diagnostic"];
const ASSESS: [&str; 5] = ["assessment", "maturity audit", "what are we losing", "what am i losing", "start the audit"];
const PLAN: [&str; 5] = ["which plan", "what plan", "recommend a plan", "plan fits", "which package"];

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
        let words = self.text.to_lowercase();
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
        if says(&PERSON) || matches!(words.as_str(), "person" | "human" | "agent" | "person please" | "human please") {
            Some(Wish::Person)
        } else if says(&PLAN) {
            Some(Wish::Plan)
        } else if says(&READY) {
            Some(Wish::Ready)
        } else if says(&ASSESS) {
            Some(Wish::Assess)
        } else {
            None
        }
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
    fn a_wish_is_heard_where_it_is_plain_and_nowhere_else() {
        let wish = |text: &str| Said::new(Vec::new(), text).wish();
        assert_eq!(wish("Can I talk to a person, please?"), Some(Wish::Person));
        assert_eq!(wish("Which plan should we take?"), Some(Wish::Plan));
        assert_eq!(wish("Are we ready for this?"), Some(Wish::Ready));
        assert_eq!(wish("Let us do the assessment"), Some(Wish::Assess));
        for question in ["Who is behind this company?", "Does it work with personal phones?", "What does it cost?"] {
            assert_eq!(wish(question), None, "{question}");
        }
    }

    #[test]
    fn a_choice_of_a_question_controls_nothing() {
        assert_eq!(Said::new(vec!["a:none".into()], "").control(), None);
        assert_eq!(Said::new(vec!["skip".into()], "").control(), Some("skip"));
        assert_eq!(Said::new(vec!["skip".into(), "back".into()], "").control(), None);
        let two = Said::new(vec!["a:phone".into(), "x".into(), "a:email".into()], "");
        assert_eq!(two.chosen("a:").collect::<Vec<_>>(), ["phone", "email"]);
    }
}
