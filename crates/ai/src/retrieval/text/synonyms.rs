//! The few words that customers and businesses use for the same thing.
//!
//! A question says "how much", the price list says "fee". Each group is added to a question that names one of it, at a
//! fraction of the weight of the word itself; the groups hold only words that are interchangeable in a question to a business.

use std::sync::LazyLock;

use super::{Analyzer, WordMap};

const GROUPS: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "price prices pricing cost costs fee fees charge rate rates expensive cheap",
            "hours open opening close closed closing schedule",
            "address location located directions find",
            "cancel cancellation reschedule rescheduling move",
            "book booking appointment appointments reserve reservation schedule",
            "pay payment payments card cash instalment installments financing finance",
            "phone telephone call number",
            "refund refunds return returns money-back reimbursement",
            "delivery deliver shipping ship shipped dispatch",
            "park parking garage car",
            "kid kids child children",
            "hurt hurts pain painful ache",
            "emergency urgent emergencies",
            "discount discounts offer offers deal promotion coupon",
            "warranty guarantee guaranteed",
            "wheelchair accessible accessibility disabled",
            "doctor dentist physician practitioner",
            "insurance insurer insured coverage covered",
            "pet pets dog dogs animal animals",
            "accept accepted take taken",
            "cheque cheques check checks",
            "guest guests friend friends",
            "free complimentary",
            "trial try",
            "financing finance installments instalments monthly",
            "freeze pause suspend",
            "tow towing towed broke",
            "child kid daughter son baby age",
            "monday mon",
            "tuesday tue",
            "wednesday wed",
            "thursday thu",
            "friday fri",
            "saturday sat weekend",
            "sunday sun weekend",
            "email e-mail mail",
        ],
    ),
    (
        "de",
        &[
            "preis preise kosten kostet gebühr gebühren teuer",
            "öffnungszeiten geöffnet offen schließen geschlossen",
            "adresse anfahrt standort finden",
            "absagen stornieren stornierung verschieben",
            "samstag sa wochenende",
            "sonntag so wochenende",
            "termin termine buchen buchung reservieren reservierung",
            "zahlen bezahlen zahlung ratenzahlung",
            "versand lieferung liefern versenden",
            "rückgabe zurückgeben umtausch erstattung",
        ],
    ),
    (
        "es",
        &[
            "precio precios costo coste cuesta cuestan tarifa tarifas vale",
            "horario horarios abierto abren cierran abrir cerrar",
            "dirección ubicación ubicados encuentran",
            "cancelar cancelación reprogramar cambiar",
            "cita citas reservar reserva agendar",
            "pagar pago pagos tarjeta efectivo",
            "envío envíos entrega enviar",
            "devolución devolver reembolso",
        ],
    ),
    (
        "fr",
        &[
            "prix tarif tarifs coût coûte coûtent",
            "horaires ouvert ouverture fermé fermeture",
            "adresse situé situés trouver",
            "annuler annulation reporter",
            "rendez-vous réserver réservation",
            "payer paiement paiements",
            "livraison livrer expédition",
        ],
    ),
];

/// Phrases whose words are all stop words but which name a topic.
const PHRASES: &[(&str, &str, &str)] = &[
    ("en", "how much", "price"),
    ("en", "where are you", "address"),
    ("en", "where is", "address"),
    ("en", "when are you", "hours"),
    ("en", "what time", "hours"),
    ("de", "wie viel", "preis"),
    ("de", "wieviel", "preis"),
    ("de", "was kostet", "preis"),
    ("de", "wo seid", "adresse"),
    ("de", "wo sind", "adresse"),
    ("de", "wo finde", "adresse"),
    ("es", "cuánto", "precio"),
    ("es", "cuanto", "precio"),
    ("es", "dónde están", "dirección"),
    ("es", "donde estan", "dirección"),
    ("fr", "combien", "prix"),
    ("fr", "où êtes", "adresse"),
];

/// The other words for one word, and their terms in the same order.
#[derive(Default)]
struct Others {
    words: Vec<&'static str>,
    terms: Vec<String>,
}

type Words = WordMap<&'static str, Others>;

static BY_LANGUAGE: LazyLock<WordMap<&'static str, Words>> =
    LazyLock::new(|| GROUPS.iter().map(|(language, groups)| (*language, by_word(language, groups))).collect());

fn by_word(language: &str, groups: &[&'static str]) -> Words {
    let analyzer = Analyzer::new(language);
    let mut words = Words::default();
    for group in groups {
        for word in group.split_whitespace() {
            let others = words.entry(word).or_default();
            for other in group.split_whitespace().filter(|w| *w != word) {
                others.words.push(other);
                others.terms.push(analyzer.term(other));
            }
        }
    }
    words
}

fn others(lower: &str, language: &str) -> Option<&'static Others> {
    BY_LANGUAGE.get(language).and_then(|words| words.get(lower))
}

/// Other words for one lower-case word.
pub fn synonyms(lower: &str, language: &str) -> &'static [&'static str] {
    others(lower, language).map_or(&[], |others| others.words.as_slice())
}

/// The terms of [`synonyms`] as their own language makes them, one each, in the same order.
pub(crate) fn synonym_terms(lower: &str, language: &str) -> &'static [String] {
    others(lower, language).map_or(&[], |others| others.terms.as_slice())
}

/// The topics that a question names by phrase alone.
pub(crate) fn topics(question: &str, language: &str) -> impl Iterator<Item = &'static str> {
    let lower = super::bounded(question).to_lowercase();
    let language = language.to_owned();
    PHRASES.iter().filter(move |(l, phrase, _)| *l == language && lower.contains(phrase)).map(|(_, _, topic)| *topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_synonym_has_its_term() {
        for (language, words) in &*BY_LANGUAGE {
            let analyzer = Analyzer::new(language);
            for word in words.keys() {
                let terms: Vec<String> = synonyms(word, language).iter().map(|other| analyzer.term(other)).collect();
                assert_eq!(synonym_terms(word, language), terms, "{word}");
            }
        }
        assert!(synonyms("cost", "en").contains(&"price") && synonym_terms("cost", "xx").is_empty());
    }
}
