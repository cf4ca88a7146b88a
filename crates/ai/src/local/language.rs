//! Which language a message is written in.
//!
//! Scripts that belong to one language decide alone. Latin and Cyrillic text goes to `whichlang`; under 20 letters
//! it needs `whatlang` or the language of the conversation on its side, because three words are a guess.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An ISO 639-1 code, or [`Language::UNKNOWN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Language(&'static str);

/// The sixteen languages the word lists know, in the order of [`Language::index`].
pub const KNOWN: [Language; 16] = [
    Language("ar"),
    Language("de"),
    Language("en"),
    Language("es"),
    Language("fr"),
    Language("hi"),
    Language("it"),
    Language("ja"),
    Language("ko"),
    Language("nl"),
    Language("pt"),
    Language("ru"),
    Language("sv"),
    Language("tr"),
    Language("vi"),
    Language("zh"),
];

const OTHERS: [&str; 26] = [
    "bn", "bg", "cs", "da", "el", "et", "fa", "fi", "gu", "he", "hr", "hu", "hy", "id", "ka", "lt", "lv", "nb", "pl",
    "ro", "sk", "sr", "ta", "th", "uk", "unknown",
];

impl Language {
    pub const UNKNOWN: Language = Language("unknown");
    pub const ENGLISH: Language = Language("en");

    /// The language with this code, if it is one Recoup can name.
    pub fn from_code(code: &str) -> Option<Language> {
        KNOWN.into_iter().find(|l| l.0 == code).or_else(|| OTHERS.iter().find(|c| **c == code).map(|c| Language(c)))
    }

    pub fn code(self) -> &'static str {
        self.0
    }

    pub fn is_known(self) -> bool {
        self != Language::UNKNOWN
    }

    /// What was trained on English also serves texts too short to name a language.
    pub(crate) fn reads_as_english(self) -> bool {
        self == Language::ENGLISH || self == Language::UNKNOWN
    }

    /// Position in [`KNOWN`]: the languages that have word lists.
    pub fn index(self) -> Option<u8> {
        KNOWN.iter().position(|l| *l == self).map(|i| i as u8)
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Ok(Language::from_code(&code).unwrap_or(Language::UNKNOWN))
    }
}

/// Fewer letters than this say nothing.
const MIN_LETTERS: usize = 3;
/// Under this many letters two detectors must agree.
const SURE_LETTERS: usize = 20;
/// Reading more than this many characters changes no decision.
const ENOUGH: usize = 600;

/// The language of `text`; `previous` is the language of the conversation so far and wins when the text is too short to tell.
pub fn detect(text: &str, previous: Option<Language>) -> Language {
    let end = text.char_indices().nth(ENOUGH).map_or(text.len(), |(i, _)| i);
    let text = &text[..end];
    let scripts = Scripts::count(text);
    let fallback = previous.unwrap_or(Language::UNKNOWN);
    if let Some(language) = scripts.decides() {
        return language;
    }
    if scripts.letters < MIN_LETTERS {
        return fallback;
    }
    if scripts.cyrillic * 2 > scripts.letters {
        return cyrillic(text);
    }
    latin(text, scripts.letters, fallback)
}

fn cyrillic(text: &str) -> Language {
    if text.contains(['і', 'ї', 'є', 'ґ', 'І', 'Ї', 'Є']) { Language("uk") } else { Language("ru") }
}

fn latin(text: &str, letters: usize, fallback: Language) -> Language {
    let first = from_whichlang(whichlang::detect_language(text));
    let second = whatlang::detect(text);
    let other = second.as_ref().and_then(|info| from_whatlang(info.lang()));
    if letters < SURE_LETTERS {
        return if other == Some(first) || fallback == first {
            first
        } else if fallback.is_known() {
            fallback
        } else if letters * 2 >= SURE_LETTERS {
            first
        } else {
            Language::UNKNOWN
        };
    }
    match (other, second) {
        (Some(language), Some(info)) if language.index().is_none() && info.is_reliable() && letters >= 30 => language,
        _ => first,
    }
}

fn from_whichlang(lang: whichlang::Lang) -> Language {
    use whichlang::Lang as L;
    Language(match lang {
        L::Ara => "ar",
        L::Cmn => "zh",
        L::Deu => "de",
        L::Eng => "en",
        L::Fra => "fr",
        L::Hin => "hi",
        L::Ita => "it",
        L::Jpn => "ja",
        L::Kor => "ko",
        L::Nld => "nl",
        L::Por => "pt",
        L::Rus => "ru",
        L::Spa => "es",
        L::Swe => "sv",
        L::Tur => "tr",
        L::Vie => "vi",
    })
}

fn from_whatlang(lang: whatlang::Lang) -> Option<Language> {
    use whatlang::Lang as L;
    Some(Language(match lang {
        L::Deu => "de",
        L::Eng => "en",
        L::Fra => "fr",
        L::Ita => "it",
        L::Nld => "nl",
        L::Por => "pt",
        L::Spa => "es",
        L::Swe => "sv",
        L::Tur => "tr",
        L::Vie => "vi",
        L::Ces => "cs",
        L::Dan => "da",
        L::Est => "et",
        L::Fin => "fi",
        L::Hrv => "hr",
        L::Hun => "hu",
        L::Ind => "id",
        L::Lit => "lt",
        L::Lav => "lv",
        L::Nob => "nb",
        L::Pol => "pl",
        L::Ron => "ro",
        L::Slk => "sk",
        _ => return None,
    }))
}

/// Letters of a text by script; scripts used by one language name it.
#[derive(Default)]
struct Scripts {
    letters: usize,
    cyrillic: usize,
    kana: usize,
    han: usize,
    single: [usize; 9],
    persian: usize,
}

const SINGLE: [Language; 9] = [
    Language("ko"),
    Language("th"),
    Language("he"),
    Language("el"),
    Language("hi"),
    Language("bn"),
    Language("ta"),
    Language("ar"),
    Language("hy"),
];

impl Scripts {
    fn count(text: &str) -> Scripts {
        let mut s = Scripts::default();
        for c in text.chars() {
            if !c.is_alphabetic() {
                continue;
            }
            s.letters += 1;
            match u32::from(c) {
                0x0400..=0x052F => s.cyrillic += 1,
                0x3040..=0x30FF | 0x31F0..=0x31FF | 0xFF66..=0xFF9D => s.kana += 1,
                0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0x20000..=0x2FA1F => s.han += 1,
                0x1100..=0x11FF | 0x3130..=0x318F | 0xAC00..=0xD7AF => s.single[0] += 1,
                0x0E00..=0x0E7F => s.single[1] += 1,
                0x0590..=0x05FF => s.single[2] += 1,
                0x0370..=0x03FF | 0x1F00..=0x1FFF => s.single[3] += 1,
                0x0900..=0x097F => s.single[4] += 1,
                0x0980..=0x09FF => s.single[5] += 1,
                0x0B80..=0x0BFF => s.single[6] += 1,
                0x0600..=0x06FF | 0x0750..=0x077F | 0xFB50..=0xFDFF | 0xFE70..=0xFEFF => {
                    s.single[7] += 1;
                    s.persian += usize::from(matches!(c, 'پ' | 'چ' | 'ژ' | 'گ' | 'ک' | 'ی'));
                }
                0x0530..=0x058F => s.single[8] += 1,
                _ => {}
            }
        }
        s
    }

    /// A script that one language owns and that carries the text; one word in it beside a foreign name is enough.
    fn decides(&self) -> Option<Language> {
        let east = self.kana + self.han;
        if east >= 1 && east * 3 >= self.letters {
            return Some(Language(if self.kana > 0 { "ja" } else { "zh" }));
        }
        let (place, count) = self.single.iter().enumerate().max_by_key(|(i, n)| (**n, usize::MAX - i))?;
        if *count < 2 || count * 3 < self.letters {
            return None;
        }
        if SINGLE[place].0 == "ar" && self.persian * 12 > *count {
            return Some(Language("fa"));
        }
        Some(SINGLE[place])
    }
}
