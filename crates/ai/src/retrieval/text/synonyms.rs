//! The few words that customers and businesses use for the same thing.
//!
//! A question says "how much", the price list says "fee". Each group is added to a question that names one of it, at a
//! fraction of the weight of the word itself; the groups hold only words that are interchangeable in a question to a business.

use std::collections::HashMap;
use std::sync::LazyLock;

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

type Words = HashMap<&'static str, Vec<&'static str>>;

static BY_LANGUAGE: LazyLock<HashMap<&'static str, Words>> =
    LazyLock::new(|| GROUPS.iter().map(|(language, groups)| (*language, by_word(groups))).collect());

fn by_word(groups: &[&'static str]) -> Words {
    let mut words = Words::new();
    for group in groups {
        for word in group.split_whitespace() {
            words.entry(word).or_default().extend(group.split_whitespace().filter(|w| *w != word));
        }
    }
    words
}

/// Other words for one lower-case word.
pub fn synonyms(lower: &str, language: &str) -> &'static [&'static str] {
    BY_LANGUAGE.get(language).and_then(|words| words.get(lower)).map_or(&[], Vec::as_slice)
}

/// The topics that a question names by phrase alone.
pub(crate) fn topics(question: &str, language: &str) -> impl Iterator<Item = &'static str> {
    let lower = super::bounded(question).to_lowercase();
    let language = language.to_owned();
    PHRASES.iter().filter(move |(l, phrase, _)| *l == language && lower.contains(phrase)).map(|(_, _, topic)| *topic)
}
