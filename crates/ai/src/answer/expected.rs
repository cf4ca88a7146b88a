//! What kind of thing would answer a question: an amount, a time, a place …
//!
//! "How much is whitening?" is not answered by a sentence about whitening without an amount, however well its words fit.

/// The kind of thing a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// An amount of money, or that it is free.
    Price,
    /// A time of day or a weekday.
    Time,
    /// A street, a place, how to get there.
    Place,
    /// A phone number, an email or a web address.
    Reach,
    /// A number of days, hours, minutes.
    Duration,
}

const QUESTIONS: &[(Expected, &[&str])] = &[
    (
        Expected::Reach,
        &[
            "phone number",
            "your number",
            "email address",
            "your email",
            "e-mail",
            "how can i reach",
            "how do i reach",
            "how can i contact",
            "how do i contact",
            "call you",
            "telefonnummer",
            "wie erreiche",
            "número de teléfono",
            "correo electrónico",
            "numéro de téléphone",
        ],
    ),
    (
        Expected::Duration,
        &[
            "how long",
            "how many days",
            "how many minutes",
            "how many hours",
            "how fast",
            "how soon",
            "wie lange",
            "cuánto tarda",
            "cuanto tarda",
            "cuánto tiempo",
            "cuanto tiempo",
            "cuánto dura",
            "combien de temps",
            "quanto tempo",
            "hoe lang",
            "ne kadar sür",
        ],
    ),
    (
        Expected::Price,
        &[
            "how much",
            "price",
            "pricing",
            "cost",
            "fee ",
            "fees",
            "fee?",
            "charge for",
            "expensive",
            "was kostet",
            "wie viel kostet",
            "wieviel kostet",
            "kosten",
            "preis",
            "cuánto cuesta",
            "cuanto cuesta",
            "cuánto vale",
            "precio",
            "cuánto es",
            "combien coûte",
            "combien coute",
            "prix",
            "tarif",
            "quanto costa",
            "prezzo",
            "quanto custa",
            "preço",
            "hoeveel kost",
            "prijs",
            "fiyat",
            "ne kadar",
            "kaça",
            "ile kosztuje",
            "сколько стоит",
        ],
    ),
    (
        Expected::Time,
        &[
            "what time",
            "what are your hours",
            "opening hours",
            "business hours",
            "when do you open",
            "when do you close",
            "when are you open",
            "what hours",
            "when are you",
            "your hours",
            "how late",
            "wann habt ihr",
            "wann haben sie",
            "wann öffn",
            "öffnungszeiten",
            "um wie viel uhr",
            "a qué hora",
            "a que hora",
            "qué horario",
            "que horario",
            "horario",
            "horaires",
            "quelle heure",
            "che ora",
            "orari",
            "que horas",
            "openingstijden",
            "saat kaç",
        ],
    ),
    (
        Expected::Place,
        &[
            "where are you",
            "where's the",
            "your address",
            "the address",
            "where can i find you",
            "located",
            "location",
            "how do i get there",
            "wo seid ihr",
            "wo sind sie",
            "wo ist",
            "wo finde",
            "where is",
            "where's your",
            "wheres your",
            "adresse",
            "dónde están",
            "donde estan",
            "dónde queda",
            "donde queda",
            "dirección",
            "où êtes",
            "où se trouve",
            "dove siete",
            "onde fica",
            "waar zijn jullie",
            "neredesiniz",
            "adres",
        ],
    ),
];

const PLACES: &[&str] = &[
    "street",
    "avenue",
    "ave",
    "road",
    "rd",
    "drive",
    "blvd",
    "boulevard",
    "suite",
    "floor",
    "address",
    "corner",
    "opposite",
    "located",
    "station",
    "plaza",
    "mall",
    "square",
    "lane",
    "highway",
    "straße",
    "strasse",
    "platz",
    "weg",
    "allee",
    "adresse",
    "hausnummer",
    "calle",
    "avenida",
    "dirección",
    "rue",
    "place",
    "via",
    "piazza",
    "rua",
    "straat",
    "cadde",
    "sokak",
    "mahalle",
];
/// Ends of street names that are written in one word.
const PLACE_ENDS: &[&str] = &["straße", "strasse", "platz", "weg", "gasse", "straat", "laan"];
const UNITS: &[&str] = &[
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "year",
    "minuten",
    "stunde",
    "tag",
    "woche",
    "monat",
    "jahr",
    "minuto",
    "hora",
    "día",
    "dias",
    "semana",
    "mes",
    "año",
    "heure",
    "jour",
    "semaine",
    "mois",
    "giorn",
    "settiman",
    "ore ",
    "uur",
    "dag",
    "weken",
    "dakika",
    "saat",
    "gün",
    "hafta",
    "overnight",
    "same-day",
    "immediately",
];
const DAYS: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "weekday",
    "weekend",
    "noon",
    "midnight",
    "hour",
    "hours",
    "montag",
    "dienstag",
    "mittwoch",
    "donnerstag",
    "freitag",
    "samstag",
    "sonntag",
    "mo",
    "fr",
    "sa",
    "uhr",
    "lunes",
    "martes",
    "miércoles",
    "jueves",
    "viernes",
    "sábado",
    "domingo",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "24/7",
    "pazartesi",
    "cumartesi",
    "pazar",
];
const FREE: &[&str] = &[
    "free",
    "no charge",
    "included",
    "complimentary",
    "kostenlos",
    "gratis",
    "gratuit",
    "gratuito",
    "ücretsiz",
    "kostenfrei",
    "umsonst",
];

impl Expected {
    /// What a question asks for, when its words say so.
    pub fn of(question: &str) -> Option<Self> {
        let lower = question.to_lowercase();
        QUESTIONS.iter().find(|(_, phrases)| phrases.iter().any(|p| lower.contains(p))).map(|(kind, _)| *kind)
    }

    /// Whether a text holds such a thing.
    pub fn is_in(self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let any = |list: &[&str]| list.iter().any(|w| lower.contains(w));
        match self {
            Self::Price => has_amount(&lower) || any(FREE),
            Self::Time => has_clock(&lower) || words(&lower).any(|w| DAYS.contains(&w)),
            Self::Place => words(&lower).any(|w| PLACES.contains(&w) || PLACE_ENDS.iter().any(|e| w.ends_with(e))),
            Self::Reach => has_contact(&lower),
            Self::Duration => any(UNITS),
        }
    }
}

fn words(lower: &str) -> impl Iterator<Item = &str> {
    lower.split(|c: char| !c.is_alphanumeric() && c != '/').filter(|w| !w.is_empty())
}

fn has_amount(lower: &str) -> bool {
    const SIGNS: &[char] = &['$', '€', '£', '¥', '₺', '₹', '₽', '₩', 'ƒ'];
    const CODES: &[&str] = &[
        "usd", "eur", "euro", "euros", "gbp", "chf", "dollar", "dollars", "cents", "pounds", "tl", "lira", "pesos",
        "mxn", "zł", "kr", "sek", "руб",
    ];
    lower.contains(SIGNS) && lower.bytes().any(|b| b.is_ascii_digit())
        || words(lower).any(|w| CODES.contains(&w.trim_start_matches(|c: char| c.is_ascii_digit())))
}

/// "9:00", "9 am", "18 uhr", "17h".
fn has_clock(lower: &str) -> bool {
    let bytes = lower.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).filter(|i| digit(*i) && !digit(i + 1)).any(|i| {
        let after = &lower[i + 1..];
        let clock = after
            .strip_prefix([':', '.'])
            .is_some_and(|r| r.len() >= 2 && r.as_bytes()[..2].iter().all(u8::is_ascii_digit));
        let trimmed = after.trim_start();
        clock || ["am", "pm", "a.m", "p.m", "uhr", "h ", "h-", "h–"].iter().any(|s| trimmed.starts_with(s))
    })
}

/// An email, a link, or at least seven digits in a row of digits and separators.
fn has_contact(lower: &str) -> bool {
    let mut run = 0;
    for c in lower.chars() {
        match c {
            '0'..='9' => run += 1,
            ' ' | '-' | '(' | ')' | '+' | '.' | '/' => {}
            _ => run = 0,
        }
        if run >= 7 {
            return true;
        }
    }
    lower.split_whitespace().any(|w| w.contains('@') && w.contains('.'))
        || lower.contains("www.")
        || lower.contains("https://")
}

#[cfg(test)]
mod tests {
    use super::Expected::{self, *};

    #[test]
    fn questions_say_what_they_want() {
        for (question, kind) in [
            ("How much is Botox?", Some(Price)),
            ("Was kostet eine Reinigung?", Some(Price)),
            ("What time do you close on Friday?", Some(Time)),
            ("¿A qué hora abren?", Some(Time)),
            ("where are you located", Some(Place)),
            ("whats your phone number", Some(Reach)),
            ("How long does shipping take?", Some(Duration)),
            ("Do you take Delta Dental?", None),
        ] {
            assert_eq!(Expected::of(question), kind, "{question}");
        }
    }

    #[test]
    fn texts_hold_it_or_not() {
        assert!(Price.is_in("Whitening costs $299.") && Price.is_in("Parking is free") && Price.is_in("ab 80 Euro"));
        assert!(!Price.is_in("Whitening is done in 3 visits"));
        assert!(
            Time.is_in("Mon–Fri 8:00 to 18:00")
                && Time.is_in("until 6 pm")
                && !Time.is_in("We have 3 chairs, so do come")
        );
        assert!(Place.is_in("412 Harbor Street, Suite 200") && !Place.is_in("We are nice"));
        assert!(Reach.is_in("+1 555 0100 22") && Reach.is_in("care@example.com") && !Reach.is_in("24 chairs"));
        assert!(Duration.is_in("about 60 minutes") && !Duration.is_in("quickly"));
    }
}
