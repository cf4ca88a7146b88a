//! The figures and links of a text, so that those of an answer can be looked for in what it was made from.
//!
//! A figure is a number in digits: an amount of a currency, a share, or neither. It stands where the same one is said; an amount is
//! a number too, so a bare number may be one of them. What is partly digits (`GA4`, `10k`) and numbers in words must be said the same
//! way. What numbers a list is no figure.

use std::collections::HashSet;

use ai::local::{Language, fold};

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Plain,
    Share,
    Money(&'static str),
}

/// A number in digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Figure {
    /// Its digits, without what parts thousands, with a point before decimals.
    value: String,
    kind: Kind,
}

/// What may be said: the figures, words and addresses of the texts that were found.
#[derive(Debug, Default)]
pub(super) struct Stands {
    figures: HashSet<Figure>,
    /// Folded, with a space at either end.
    words: String,
}

/// What stands nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    Figure,
    Link,
}

impl Stands {
    /// Takes a text that was found; addresses of pages are texts too.
    pub(super) fn add(&mut self, text: &str) {
        self.figures.extend(figures(text).0);
        self.words.push_str(&fold(text));
    }

    /// The first thing of an answer that stands nowhere.
    pub(super) fn stranger(&self, text: &str, spoken: Language) -> Option<Stranger> {
        let (figures, names) = figures(text);
        let known = |figure: &Figure| self.figures.contains(figure) || self.counted(figure);
        if !figures.iter().all(known) || !names.iter().all(|name| self.says(name)) {
            return Some(Stranger::Figure);
        }
        let folded = fold(text);
        let mut words =
            folded.split(|one: char| !one.is_alphanumeric() && one != '-').map(|word| word.trim_matches('-'));
        if words.any(|word| is_number_word(word, spoken) && !self.says(word)) {
            return Some(Stranger::Figure);
        }
        links(text).any(|link| !self.says(&link)).then_some(Stranger::Link)
    }

    /// A bare number may be an amount that is said.
    fn counted(&self, figure: &Figure) -> bool {
        figure.kind == Kind::Plain
            && self.figures.iter().any(|known| known.value == figure.value && matches!(known.kind, Kind::Money(_)))
    }

    /// Whether a folded word or address is said, not as a part of another.
    fn says(&self, word: &str) -> bool {
        let part = |one: char| one.is_alphanumeric() || matches!(one, '-' | '_' | '@');
        self.words.match_indices(word).any(|(at, _)| {
            let before = self.words[..at].chars().next_back();
            let mut after = self.words[at + word.len()..].chars();
            let next = after.next();
            // A point goes on with an address, or ends a sentence.
            let goes_on = next.is_some_and(part) || next == Some('.') && after.next().is_some_and(part);
            !goes_on && !before.is_some_and(|one| part(one) || one == '.')
        })
    }
}

const SHARES: [&str; 9] =
    ["%", "percent", "per cent", "prozent", "procent", "por ciento", "por cento", "pour cent", "per cento"];

/// Signs and words of currencies, folded.
static CURRENCIES: [(&str, &str); 24] = [
    ("$", "usd"),
    ("usd", "usd"),
    ("dollar", "usd"),
    ("dollars", "usd"),
    ("dolares", "usd"),
    ("€", "eur"),
    ("eur", "eur"),
    ("euro", "eur"),
    ("euros", "eur"),
    ("£", "gbp"),
    ("gbp", "gbp"),
    ("pound", "gbp"),
    ("pounds", "gbp"),
    ("chf", "chf"),
    ("franken", "chf"),
    ("¥", "jpy"),
    ("jpy", "jpy"),
    ("yen", "jpy"),
    ("₹", "inr"),
    ("inr", "inr"),
    ("rupees", "inr"),
    ("sek", "sek"),
    ("kr", "kr"),
    ("pln", "pln"),
];

/// Numbers in words by language, folded, from where on they are figures. Longer ones also begin words ("ventidue").
static NUMBER_WORDS: [(&str, &str); 7] = [
    (
        "en",
        "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty \
         ninety hundred thousand million billion dozen",
    ),
    (
        "de",
        "elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn zwanzig dreissig vierzig funfzig sechzig siebzig \
         achtzig neunzig hundert tausend million milliarde dutzend",
    ),
    (
        "es",
        "once doce trece catorce quince dieciseis veinte veinti treinta cuarenta cincuenta sesenta setenta ochenta noventa cien \
         ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos mil millon docena",
    ),
    (
        "fr",
        "onze douze treize quatorze quinze seize vingt trente quarante cinquante soixante cent cents mille million milliard douzaine",
    ),
    (
        "pt",
        "onze doze treze catorze quinze dezesseis vinte trinta quarenta cinquenta sessenta setenta oitenta noventa cem cento \
         duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos mil milhao milhoes duzia",
    ),
    (
        "it",
        "undici dodici tredici quattordici quindici sedici venti trenta quaranta cinquanta sessanta settanta ottanta novanta cento \
         duecento trecento quattrocento cinquecento seicento settecento ottocento novecento mille duemila tremila milion dozzina",
    ),
    (
        "nl",
        "elf twaalf dertien veertien vijftien zestien zeventien achttien negentien twintig dertig veertig vijftig zestig zeventig \
         tachtig negentig honderd duizend miljoen dozijn",
    ),
];

/// From this length on a number may begin a word; in languages that put words together it may stand anywhere in one ("zweihundert").
const LONG: usize = 5;
const TOGETHER: [&str; 2] = ["de", "nl"];

fn is_number_word(word: &str, spoken: Language) -> bool {
    let code = if spoken.is_known() { spoken.code() } else { "en" };
    let list = NUMBER_WORDS.iter().find(|(language, _)| *language == code).map_or("", |&(_, words)| words);
    let within = |number: &str| if TOGETHER.contains(&code) { word.contains(number) } else { word.starts_with(number) };
    list.split_ascii_whitespace().any(|number| word == number || (number.len() >= LONG && within(number)))
}

/// The figures of a text, and its words that are partly digits.
fn figures(text: &str) -> (Vec<Figure>, Vec<String>) {
    let (mut figures, mut names) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let folded = fold(without_mark(line));
        let mut at = 0;
        while let Some(start) = folded[at..].find(char::is_numeric).map(|place| at + place) {
            let word = folded[..start]
                .rfind(|one: char| !one.is_alphanumeric())
                .map_or(0, |before| before + folded[before..].chars().next().map_or(1, char::len_utf8));
            let end = number_end(&folded, start);
            let word_end = end + folded[end..].find(|one: char| !one.is_alphanumeric()).unwrap_or(folded.len() - end);
            if word < start || word_end > end || end == start {
                names.push(folded[word..word_end].to_owned());
            } else {
                figures.push(Figure { value: value(&folded[start..end]), kind: kind(&folded, start, end) });
            }
            at = word_end;
        }
    }
    (figures, names)
}

/// A line without the number of its place in a list: "2. " or "2) ".
fn without_mark(line: &str) -> &str {
    let rest = line.trim_start();
    let digits = rest.len() - rest.trim_start_matches(|one: char| one.is_ascii_digit()).len();
    let after = &rest[digits..];
    if (1..=2).contains(&digits) && (after.starts_with(". ") || after.starts_with(") ")) { &after[2..] } else { line }
}

/// Where a number ends: digits, and what parts them.
fn number_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = start;
    while digit(end) || (end > start && matches!(bytes.get(end), Some(b'.' | b',' | b'\'')) && digit(end + 1)) {
        end += 1;
    }
    // "1 200" is one number: three digits after a gap, at most three before.
    while (1..=3).contains(&(end - start)) || (end > start && text[start..end].contains(' ')) {
        let three = bytes.get(end) == Some(&b' ') && (1..=3).all(|step| digit(end + step)) && !digit(end + 4);
        if !three {
            break;
        }
        end += 4;
    }
    end
}

/// "1,299.50", "1.299,50", "1 299.5" and "49" as one way of writing.
fn value(number: &str) -> String {
    let cut = number.rfind(['.', ',']).filter(|at| number.len() - at - 1 <= 2);
    let (whole, part) = cut.map_or((number, ""), |at| (&number[..at], &number[at + 1..]));
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let whole = whole.trim_start_matches('0');
    let part = part.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}

fn kind(text: &str, start: usize, end: usize) -> Kind {
    let (before, after) = (text[..start].trim_end(), text[end..].trim_start());
    let begins = |word: &str| {
        let rest = after.strip_prefix(word);
        rest.is_some_and(|rest| word == "%" || !rest.chars().next().is_some_and(char::is_alphanumeric))
    };
    if SHARES.iter().any(|share| begins(share)) {
        return Kind::Share;
    }
    let is_sign = |word: &str| !word.is_ascii() || word == "$";
    let ends = |word: &str| {
        let rest = before.strip_suffix(word);
        rest.is_some_and(|rest| is_sign(word) || !rest.chars().next_back().is_some_and(char::is_alphanumeric))
    };
    let currency =
        CURRENCIES.iter().find(|(word, _)| ends(word) || begins(word) || (is_sign(word) && after.starts_with(word)));
    currency.map_or(Kind::Plain, |&(_, code)| Kind::Money(code))
}

/// What leads away from a text, folded: addresses, hosts, paths, mailboxes.
fn links(text: &str) -> impl Iterator<Item = String> + '_ {
    let gaps = |one: char| {
        one.is_whitespace()
            || matches!(one, '(' | ')' | '[' | ']' | '<' | '>' | '{' | '}' | '"' | '“' | '”' | '«' | '»')
    };
    text.split(gaps).filter_map(|word| {
        let folded = fold(word);
        let word = folded.trim().trim_matches(['.', ',', ';', ':', '!', '?', '*', '\'', '`']);
        let other = word.split_once("://").map(|(_, rest)| rest).or_else(|| word.strip_prefix("//"));
        let bare = other.unwrap_or(word);
        let bare = bare.trim_end_matches('/');
        let host = bare.split(['/', ':', '?', '#']).next().unwrap_or_default();
        let path = bare.strip_prefix('/').is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
        let leads = other.is_some()
            || path
            || word.starts_with("www.")
            || word.starts_with("mailto:")
            || word.contains('@')
            || is_host(host);
        (leads && !bare.is_empty()).then(|| bare.to_owned())
    })
}

/// Whether a word is built like a name of the Internet: labels between points, letters at the end.
fn is_host(word: &str) -> bool {
    let mut labels = word.split('.').rev();
    let top = labels.next().unwrap_or_default();
    let others: Vec<&str> = labels.collect();
    let fine = |label: &&str| !label.is_empty() && label.chars().all(|one| one.is_alphanumeric() || one == '-');
    top.chars().count() >= 2
        && top.chars().all(char::is_alphabetic)
        && !others.is_empty()
        && others.iter().all(fine)
        // "e.g", "p.ej"
        && others.iter().any(|label| label.chars().count() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(texts: &[&str]) -> Stands {
        let mut stands = Stands::default();
        for text in texts {
            stands.add(text);
        }
        stands
    }

    const SAID: [&str; 4] = [
        "Whitening costs $1,299.50 per visit, and 40% of callers are answered within 30 minutes.",
        "Set-up is 4,900 EUR for up to twenty people. It connects GA4 and Node.js.",
        "Write to dana@example.com or look at https://docs.example.com/start.",
        "/pricing",
    ];

    #[test]
    fn what_is_said_stands_however_it_is_written() {
        let stands = stands(&SAID);
        for text in [
            "It is 1.299,50 dollars, or $1299.5.",
            "1. It takes 30 minutes.\n2) It costs 4 900 €.",
            "Das sind 4.900 Euro.",
            "40 percent of them.",
            "For twenty people, with GA4 and Node.js.",
            "See /pricing, docs.example.com/start. or [here](https://docs.example.com/start).",
            "Ask dana@example.com, e.g. today.",
            "It costs 4900 for all of it.",
        ] {
            assert_eq!(stands.stranger(text, Language::ENGLISH), None, "{text}");
        }
    }

    #[test]
    fn what_nobody_said_does_not() {
        let stands = stands(&SAID);
        for text in [
            "It costs $49 a month.",
            "It costs €1,299.50.",
            "It takes 31 minutes.",
            "30 % of them.",
            "40 leads, then.",
            "It costs fifty dollars.",
            "For twenty-five people.",
            "It connects GA5.",
            "Up to 10k calls.",
            "About ½ of them.",
        ] {
            assert_eq!(stands.stranger(text, Language::ENGLISH), Some(Stranger::Figure), "{text}");
        }
        for text in [
            "See https://evil.example/start.",
            "See evil.example for more.",
            "Go to /price",
            "Go to [this](//docs.example.com.evil.example/start)",
            "Visit xdocs.example.com/start",
            "Write to sam@example.com.",
            "www.pay",
        ] {
            assert_eq!(stands.stranger(text, Language::ENGLISH), Some(Stranger::Link), "{text}");
        }
    }

    #[test]
    fn numbers_in_words_are_those_of_the_language() {
        let stands = stands(&["Wir nehmen zweihundert Anrufe an."]);
        let german = Language::from_code("de").expect("a language");
        assert_eq!(stands.stranger("Es sind zweihundert.", german), None);
        assert_eq!(stands.stranger("Es sind dreihundert.", german), Some(Stranger::Figure));
        assert_eq!(stands.stranger("Es sind elf.", german), Some(Stranger::Figure));
        assert_eq!(stands.stranger("An elf lives here.", Language::ENGLISH), None);
    }
}
