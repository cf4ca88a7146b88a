//! Names, places, amounts and dates that stand in a message, by pattern.
//!
//! Patterns find what is written plainly ("my name is …", "60 euros", "12 March") and leave the rest: a missing entity
//! costs less than a wrong one on a lead.

use serde::{Deserialize, Serialize};

use super::guard::pii;
use super::reading::Reading;

/// What an entity names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntityType {
    Product,
    Person,
    Company,
    Location,
    Money,
    Date,
}

/// A thing named in a message, as it is written there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    #[serde(rename = "type")]
    pub kind: EntityType,
    pub value: String,
}

const MOST: usize = 20;
const ENOUGH: usize = 4_000;

const PERSON_CUES: [&str; 24] = [
    "my name is",
    "i am",
    "i'm",
    "this is",
    "name's",
    "mr",
    "mrs",
    "ms",
    "dr",
    "ich bin",
    "mein name ist",
    "ich heiße",
    "herr",
    "frau",
    "me llamo",
    "mi nombre es",
    "soy",
    "je m'appelle",
    "je suis",
    "mi chiamo",
    "sono",
    "meu nome é",
    "me chamo",
    "mijn naam is",
];
const PLACE_CUES: [&str; 4] = ["in", "to", "from", "near"];
const COMPANY_ENDS: [&str; 24] = [
    "inc",
    "llc",
    "ltd",
    "gmbh",
    "ag",
    "corp",
    "corporation",
    "company",
    "sa",
    "srl",
    "spa",
    "bv",
    "nv",
    "ab",
    "plc",
    "sarl",
    "sas",
    "oy",
    "aps",
    "kg",
    "ug",
    "lda",
    "pty",
    "holdings",
];
const PLACES: &str = "london paris berlin madrid barcelona lisbon lisboa porto rome roma milan milano vienna wien zurich zürich geneva genève \
    amsterdam rotterdam brussels bruxelles munich münchen hamburg köln frankfurt stuttgart lyon marseille bordeaux nice valencia sevilla málaga \
    bilbao torino napoli firenze bologna venezia stockholm göteborg oslo copenhagen helsinki dublin edinburgh glasgow manchester birmingham \
    leeds bristol warsaw kraków prague praha budapest bucharest athens istanbul ankara izmir moscow kyiv dubai riyadh cairo tokyo osaka seoul \
    busan beijing shanghai shenzhen hanoi delhi mumbai bangalore chennai singapore sydney melbourne auckland toronto montreal vancouver boston \
    chicago dallas houston denver seattle miami austin atlanta phoenix california texas florida nevada utrecht gent antwerpen \
    germany deutschland france spain españa italy italia portugal brasil brazil mexico méxico argentina chile colombia peru netherlands \
    nederland belgium belgique switzerland schweiz suisse austria österreich sweden sverige norway norge denmark danmark finland poland \
    ireland england scotland wales uk usa canada australia japan china india turkey türkiye russia egypt vietnam korea greece europe";
const MONTHS: &str = "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct \
    nov dec januar februar märz mai juni juli oktober dezember enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre \
    diciembre janvier février mars avril juin juillet août septembre octobre novembre décembre gennaio febbraio aprile maggio giugno luglio \
    settembre ottobre dicembre janeiro fevereiro março maio junho julho setembro outubro novembro dezembro januari februari maart mei augustus";
const DAYS: &str = "monday tuesday wednesday thursday friday saturday sunday today tomorrow tonight yesterday montag dienstag mittwoch donnerstag \
    freitag samstag sonntag heute morgen gestern lunes martes miércoles jueves viernes sábado domingo hoy mañana ayer lundi mardi mercredi jeudi \
    vendredi samedi dimanche aujourd'hui demain hier lunedì martedì mercoledì giovedì venerdì sabato domenica oggi domani ieri segunda-feira \
    terça-feira quarta-feira quinta-feira sexta-feira hoje amanhã ontem maandag dinsdag woensdag donderdag vrijdag zaterdag zondag vandaag \
    gisteren måndag tisdag onsdag torsdag fredag lördag söndag idag imorgon";

/// One word of the text with its place.
struct Token<'a> {
    word: &'a str,
    lower: String,
    start: usize,
    end: usize,
}

impl Reading<'_> {
    /// Entities in the order of their kinds, at most twenty; `products` are the names the organisation sells under.
    pub fn entities(&self, products: &[String]) -> Vec<Entity> {
        let end = self.text.char_indices().nth(ENOUGH).map_or(self.text.len(), |(i, _)| i);
        let text = &self.text[..end];
        let tokens = tokens(text);
        let mut found = Entities(Vec::new());
        for product in products {
            let phrase = super::fold::fold(product);
            if phrase.len() > 3 && self.folded.contains(phrase.trim_end()) {
                found.add(EntityType::Product, product);
            }
        }
        money(text, &tokens, &mut found);
        dates(text, &tokens, &mut found);
        names(text, &tokens, &mut found);
        found.0
    }
}

struct Entities(Vec<Entity>);

impl Entities {
    fn add(&mut self, kind: EntityType, value: &str) {
        let value = value.trim().trim_end_matches(['.', ',', '!', '?']).to_owned();
        let entity = Entity { kind, value };
        if self.0.len() < MOST && !entity.value.is_empty() && !self.0.contains(&entity) {
            self.0.push(entity);
        }
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '&') && start.is_some();
        match (inside, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let word = text[from..at].trim_end_matches(['\'', '’', '-', '&']);
                tokens.push(Token {
                    word,
                    lower: word.to_lowercase().replace('’', "'"),
                    start: from,
                    end: from + word.len(),
                });
                start = None;
            }
            _ => {}
        }
    }
    tokens
}

fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == word)
}

const CURRENCY_WORDS: &str = "eur euro euros usd dollar dollars gbp pounds chf franken francs sek kr kronor tl lira inr rupees reais pesos yen \
    bucks quid";

fn money(text: &str, tokens: &[Token<'_>], found: &mut Entities) {
    for (at, symbol) in text.match_indices(['$', '€', '£', '¥', '₹']) {
        let after = &text[at + symbol.len()..];
        let space = after.len() - after.trim_start_matches(' ').len();
        let length = amount_length(&after[space..]);
        if length > 0 && space <= 1 {
            found.add(EntityType::Money, &text[at..at + symbol.len() + space + length]);
            continue;
        }
        let before = text[..at].trim_end_matches(' ');
        let digits = before.bytes().rev().take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')).count();
        if digits > 0 && at - before.len() <= 1 {
            found.add(EntityType::Money, text[before.len() - digits..at + symbol.len()].trim_start_matches(['.', ',']));
        }
    }
    for pair in tokens.windows(2) {
        if pair[0].word.starts_with(|c: char| c.is_ascii_digit())
            && listed(CURRENCY_WORDS, &pair[1].lower)
            && pair[1].start - pair[0].end <= 1
        {
            let from = text[..pair[0].start]
                .bytes()
                .rev()
                .take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
                .count();
            found.add(EntityType::Money, text[pair[0].start - from..pair[1].end].trim_start_matches(['.', ',', ' ']));
        }
    }
}

/// Length of an amount such as "1,299.50" or "15k" at the start of a text.
fn amount_length(text: &str) -> usize {
    let digits = text.bytes().take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')).count();
    let digits = text[..digits].trim_end_matches(['.', ',']).len();
    if digits == 0 || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    digits + usize::from(text[digits..].starts_with(['k', 'K', 'm', 'M']))
}

fn dates(text: &str, tokens: &[Token<'_>], found: &mut Entities) {
    for run in pii::DigitRuns::new(text) {
        let dated = match run.groups[..] {
            [4, a, b, ..] | [a, b, 4] => a <= 2 && b <= 2,
            [d, m, 2] => d <= 2 && m <= 2 && run.separators.iter().all(|s| matches!(s, b'.' | b'/')),
            _ => false,
        };
        if dated && !run.plus && !run.bracket {
            found.add(EntityType::Date, &text[run.start..run.end]);
        }
    }
    for (i, token) in tokens.iter().enumerate() {
        let day = |t: &Token<'_>| {
            t.word.len() <= 4
                && t.word.bytes().take_while(u8::is_ascii_digit).count().clamp(1, 2) >= t.word.len().saturating_sub(2)
                && t.word.starts_with(|c: char| c.is_ascii_digit())
        };
        if listed(MONTHS, &token.lower) && token.word.chars().count() >= 3 {
            let before = i.checked_sub(1).map(|j| &tokens[j]).filter(|t| day(t));
            let before = before.or_else(|| {
                i.checked_sub(2).filter(|_| tokens[i - 1].lower == "de").map(|j| &tokens[j]).filter(|t| day(t))
            });
            let after =
                tokens.get(i + 1).filter(|t| day(t) || t.word.len() == 4 && t.word.bytes().all(|b| b.is_ascii_digit()));
            let named = token.word.starts_with(char::is_uppercase)
                && token.word.chars().count() > 3
                && token.lower != "march"
                && token.lower != "mars";
            if before.is_some() || after.is_some() || named && token.lower != "may" {
                let start = before.map_or(token.start, |t| t.start);
                found.add(EntityType::Date, &text[start..after.map_or(token.end, |t| t.end)]);
            }
        } else if listed(DAYS, &token.lower) {
            found.add(EntityType::Date, token.word);
        }
    }
}

fn names(text: &str, tokens: &[Token<'_>], found: &mut Entities) {
    for (i, token) in tokens.iter().enumerate() {
        let capital = token.word.starts_with(char::is_uppercase);
        if capital && COMPANY_ENDS.contains(&token.lower.as_str()) && i > 0 {
            let from = (0..i)
                .rev()
                .take(4)
                .take_while(|j| {
                    tokens[*j].word.starts_with(char::is_uppercase) && touching(text, &tokens[*j], &tokens[j + 1])
                })
                .last();
            if let Some(from) = from {
                found.add(EntityType::Company, &text[tokens[from].start..token.end]);
            }
        }
        if capital && listed(PLACES, &token.lower) {
            found.add(EntityType::Location, token.word);
        } else if capital
            && i > 0
            && PLACE_CUES.contains(&tokens[i - 1].lower.as_str())
            && place_like(token)
            && token.start - tokens[i - 1].end == 1
        {
            found.add(EntityType::Location, &text[token.start..run_end(text, tokens, i)]);
        }
    }
    people(text, tokens, found);
}

/// A word that may name a place where a place is expected: no day, month, first person or abbreviation.
fn place_like(token: &Token<'_>) -> bool {
    token.word.chars().count() >= 4
        && !listed(MONTHS, &token.lower)
        && !listed(DAYS, &token.lower)
        && token.word.chars().skip(1).all(|c| c.is_lowercase() || c == '-')
}

fn people(text: &str, tokens: &[Token<'_>], found: &mut Entities) {
    for i in 1..tokens.len() {
        let token = &tokens[i];
        let name_like = token.word.starts_with(char::is_uppercase)
            && token.word.chars().count() >= 2
            && token.word.chars().skip(1).any(char::is_lowercase);
        if !name_like || listed(PLACES, &token.lower) || listed(MONTHS, &token.lower) || listed(DAYS, &token.lower) {
            continue;
        }
        let cued = PERSON_CUES.iter().any(|cue| {
            let length = cue.split(' ').count();
            i >= length
                && tokens[i - length..i].iter().map(|t| t.lower.as_str()).eq(cue.split(' '))
                && token.start - tokens[i - 1].end <= 2
        });
        if cued {
            found.add(EntityType::Person, &text[token.start..run_end(text, tokens, i)]);
        }
    }
}

fn touching(text: &str, a: &Token<'_>, b: &Token<'_>) -> bool {
    text[a.end..b.start].chars().all(|c| matches!(c, ' ' | '.' | '&'))
}

/// Where a run of capitalised words that starts at `i` ends; at most three words.
fn run_end(text: &str, tokens: &[Token<'_>], i: usize) -> usize {
    let mut last = i;
    while last + 1 < tokens.len()
        && last < i + 2
        && tokens[last + 1].word.starts_with(char::is_uppercase)
        && &text[tokens[last].end..tokens[last + 1].start] == " "
    {
        last += 1;
    }
    tokens[last].end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::Local;

    fn of(text: &str) -> Vec<(EntityType, String)> {
        let local = Local::new();
        local.read(text, None).entities(&["Canvas Tote".to_owned()]).into_iter().map(|e| (e.kind, e.value)).collect()
    }

    #[test]
    fn plain_entities_are_found() {
        let found = of(
            "My name is Ana Ruiz from Globex Ltd, I need 200 canvas tote bags in Lyon before 12 March, budget $1,500 or 1400 euros",
        );
        for expected in [
            (EntityType::Product, "Canvas Tote"),
            (EntityType::Person, "Ana Ruiz"),
            (EntityType::Company, "Globex Ltd"),
            (EntityType::Location, "Lyon"),
            (EntityType::Date, "12 March"),
            (EntityType::Money, "$1,500"),
            (EntityType::Money, "1400 euros"),
        ] {
            assert!(found.contains(&(expected.0, expected.1.to_owned())), "{expected:?} in {found:?}");
        }
    }

    #[test]
    fn ordinary_words_are_no_names() {
        assert_eq!(of("I am happy with the order, it may arrive late"), vec![]);
        assert_eq!(
            of("I'm Waiting"),
            vec![(EntityType::Person, "Waiting".to_owned())],
            "a capital after a cue is trusted"
        );
    }
}
