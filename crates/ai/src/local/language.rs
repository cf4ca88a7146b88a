//! Which language a message is written in.
//!
//! Scripts that belong to one language decide alone. Latin and Cyrillic text goes to `whichlang`; under 20 letters
//! it needs `whatlang` or the language of the conversation on its side, because three words are a guess.
//!
//! `whatlang` is the slow half and is asked only what can still change the answer.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use whatlang::Detector;

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
/// From this many letters on a language without word lists can be told.
const NAMED_LETTERS: usize = 30;
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
    if letters < SURE_LETTERS {
        let second = || whatlang::detect(text).and_then(|info| from_whatlang(info.lang()));
        return if fallback == first {
            first
        } else if fallback.is_known() {
            if second() == Some(first) { first } else { fallback }
        } else if letters * 2 >= SURE_LETTERS || second() == Some(first) {
            first
        } else {
            Language::UNKNOWN
        };
    }
    if letters < NAMED_LETTERS || is_ahead(text, first) {
        return first;
    }
    let Some(info) = whatlang::detect(text) else { return first };
    from_whatlang(info.lang()).filter(|other| other.index().is_none() && info.is_reliable()).unwrap_or(first)
}

/// Latin languages that have word lists, and those that have none but can be named.
const LISTED: [whatlang::Lang; 10] = {
    use whatlang::Lang as L;
    [L::Deu, L::Eng, L::Fra, L::Ita, L::Nld, L::Por, L::Spa, L::Swe, L::Tur, L::Vie]
};
const NAMED: [whatlang::Lang; 13] = {
    use whatlang::Lang as L;
    [L::Ces, L::Dan, L::Est, L::Fin, L::Hrv, L::Hun, L::Ind, L::Lit, L::Lav, L::Nob, L::Pol, L::Ron, L::Slk]
};

/// Whether a language is ahead of all that could take its place.
///
/// Each language has a score of its own, so what is ahead among these few is ahead of them among all: then either a language
/// that cannot be named is the first of all, or this one is, or another has the very same score, which is never reliable.
fn is_ahead(text: &str, first: Language) -> bool {
    static DETECTORS: LazyLock<Vec<(Language, Detector)>> = LazyLock::new(|| {
        let among = |own| Detector::with_allowlist(NAMED.into_iter().chain([own]).collect());
        LISTED.into_iter().filter_map(|own| Some((from_whatlang(own)?, among(own)))).collect()
    });
    let detector = DETECTORS.iter().find(|(language, _)| *language == first).map(|(_, detector)| detector);
    let ahead = detector.and_then(|detector| detector.detect_lang(text));
    ahead.and_then(from_whatlang) == Some(first)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Both detectors asked about everything.
    fn plainly(text: &str, letters: usize, fallback: Language) -> Language {
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
            (Some(language), Some(info))
                if language.index().is_none() && info.is_reliable() && letters >= NAMED_LETTERS =>
            {
                language
            }
            _ => first,
        }
    }

    fn check(text: &str) {
        let letters = Scripts::count(text).letters;
        for fallback in [Language::UNKNOWN, Language::ENGLISH, Language("de"), Language("pl")] {
            assert_eq!(latin(text, letters, fallback), plainly(text, letters, fallback), "{text:?} {fallback}");
        }
    }

    const MESSAGES: [&str; 16] = [
        "Hi",
        "ok thanks a lot",
        "How much is teeth whitening?",
        "Hello, do you have an appointment free next Monday afternoon for a cleaning?",
        "Guten Tag, was kostet eine Zahnreinigung ohne Versicherung bei Ihnen?",
        "¿Cuánto cuesta una limpieza y a qué hora abren los sábados?",
        "Bonjour, est-ce que vous acceptez la carte et les chèques ?",
        "Dzień dobry, ile kosztuje czyszczenie zębów i czy można zapłacić kartą?",
        "Dobrý den, kolik stojí čištění zubů a máte v sobotu otevřeno?",
        "Goddag, hvad koster en tandrensning og har I åbent om lørdagen?",
        "Hei, hva koster en tannrens og har dere åpent på lørdager?",
        "Hei, paljonko hampaiden puhdistus maksaa ja oletteko avoinna lauantaisin?",
        "Jó napot, mennyibe kerül a fogtisztítás és nyitva vannak szombaton?",
        "Selamat siang, berapa harga pembersihan gigi dan apakah buka hari Sabtu?",
        "Bună ziua, cât costă o curățare dentară și sunteți deschis sâmbăta?",
        "Merhaba, diş temizliği ne kadar ve cumartesi günleri açık mısınız acaba?",
    ];

    #[test]
    fn what_is_not_asked_changes_nothing() {
        MESSAGES.into_iter().for_each(check);
        assert_eq!(detect(MESSAGES[3], None), Language::ENGLISH);
    }

    proptest! {
        #[test]
        fn nor_in_any_text(a in 0_usize..16, b in 0_usize..16, cut in 0_usize..40, strange in "[a-zäéłøş ]{0,60}") {
            let (a, b) = (MESSAGES[a], MESSAGES[b]);
            let half: String = a.chars().skip(cut / 2).take(cut).collect();
            check(&format!("{half} {b}"));
            check(&half);
            check(&strange);
        }
    }
}
