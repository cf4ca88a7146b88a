//! The organisation's voice, without a model: what is said around an answer, and how long it may be.

use serde::{Deserialize, Serialize};

use crate::retrieval::text::sentences;

/// How formal the templates are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Warm and informal.
    #[default]
    Friendly,
    /// Polite and neutral.
    Professional,
    /// As short as can be.
    Concise,
}

/// How an organisation wants to sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrandVoice {
    /// Name used in greetings.
    pub business: String,
    /// How formal the templates are.
    pub tone: Tone,
    /// Whether a reply may hold emoji.
    pub emoji: bool,
    /// Longest reply, in characters; 0 means no limit but the channel's.
    pub max_chars: usize,
    /// Said before every answer, if anything.
    pub opening: String,
    /// Said after every answer, if anything.
    pub sign_off: String,
}

impl Default for BrandVoice {
    fn default() -> Self {
        Self {
            business: String::new(),
            tone: Tone::Friendly,
            emoji: false,
            max_chars: 600,
            opening: String::new(),
            sign_off: String::new(),
        }
    }
}

impl BrandVoice {
    /// Puts the opening and the sign-off around an answer. The answer is cut between its sentences when it is too long;
    /// opening and sign-off give way before the answer does.
    pub fn dress(&self, answer: &str) -> String {
        let answer = if self.emoji { answer.to_owned() } else { without_emoji(answer) };
        let around = [self.opening.trim(), self.sign_off.trim()]
            .map(|s| if self.emoji { s.to_owned() } else { without_emoji(s) });
        let full = [around[0].as_str(), answer.as_str(), around[1].as_str()]
            .into_iter()
            .filter(|s| !s.is_empty())
            .collect::<Vec<_>>()
            .join("\n\n");
        if self.max_chars == 0 || full.chars().count() <= self.max_chars {
            return full;
        }
        shorten(&answer, self.max_chars)
    }
}

/// The first whole sentences that fit; a first sentence that is too long itself is cut at a word.
pub(super) fn shorten(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let mut end = 0;
    for sentence in sentences(text) {
        let Some(at) = text[end..].find(sentence) else { break };
        let next = end + at + sentence.len();
        if text[..next].chars().count() > max_chars {
            break;
        }
        end = next;
    }
    if end > 0 {
        return text[..end].to_owned();
    }
    let hard = text.char_indices().nth(max_chars.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    let cut = text[..hard].rfind(char::is_whitespace).unwrap_or(hard);
    format!("{}…", text[..cut].trim_end())
}

/// Text without pictographs, their joiners and variation marks.
pub(super) fn without_emoji(text: &str) -> String {
    let is_emoji =
        |c: char| matches!(c as u32, 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0x2B50 | 0x2B55 | 0xFE0F | 0x200D);
    if !text.chars().any(is_emoji) {
        return text.to_owned();
    }
    let kept: String = text.chars().filter(|c| !is_emoji(*c)).collect();
    kept.lines()
        .map(|l| l.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_and_sign_off_surround_the_answer() {
        let voice =
            BrandVoice { opening: "Hi! 😊".into(), sign_off: "Your Northwind team".into(), ..BrandVoice::default() };
        assert_eq!(voice.dress("Yes, free. 🚗"), "Hi!\n\nYes, free.\n\nYour Northwind team");
        let voice = BrandVoice { emoji: true, ..voice };
        assert_eq!(voice.dress("Yes."), "Hi! 😊\n\nYes.\n\nYour Northwind team");
    }

    #[test]
    fn a_long_answer_is_cut_between_sentences() {
        let voice = BrandVoice { max_chars: 30, sign_off: "Bye".into(), ..BrandVoice::default() };
        assert_eq!(voice.dress("We open at nine. We close at six. Sundays we rest."), "We open at nine.");
        assert_eq!(voice.dress(&"word ".repeat(20)), "word word word word word…");
        assert!(voice.dress(&"é".repeat(100)).chars().count() <= 30);
    }
}
