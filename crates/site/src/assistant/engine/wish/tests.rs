//! Wishes in seven languages, and what is none.

use proptest::prelude::*;

use super::*;

const HEARD: &[(Wish, &[&str])] = &[
    (
        Wish::Person,
        &[
            // English
            "A person, please",
            "I want to talk to a person",
            "Can't I just talk to a human?",
            "No I want a person",
            "I don't like this. Is there someone I can talk to?",
            "Please call me tomorrow",
            "not a bot, please",
            "But I'd rather speak with somebody from your team instead",
            // German
            "Einen Menschen bitte",
            "Ich möchte bitte mit einem Menschen SPRECHEN",
            "Kann ich nicht mit jemandem reden?",
            "Rufen Sie mich bitte an",
            "kein Bot, ein Mensch",
            "Ansprechpartner",
            // Spanish
            "Una persona, por favor",
            "¿Puedo hablar con alguien?",
            "No quiero un robot, quiero hablar con una persona",
            "Llámenme mañana",
            "¿No puedo hablar con un asesor?",
            // French
            "Une personne, s'il vous plaît",
            "Je voudrais parler à quelqu'un",
            "Rappelez-moi demain",
            "Puis-je parler à un conseiller ?",
            // Portuguese
            "Uma pessoa, por favor",
            "Quero falar com alguém",
            "Um atendente, por favor",
            "Me liguem amanhã",
            // Italian
            "Un operatore, per favore",
            "Vorrei parlare con una persona",
            "Chiamatemi domani",
            "Posso parlare con qualcuno?",
            // Dutch
            "Een medewerker graag",
            "Ik wil met iemand praten",
            "Bel me terug",
            "Kan ik niet met een mens praten?",
            // what the models' lists know
            "人工客服",
            "Real person",
        ],
    ),
    (
        Wish::Book,
        &[
            "Book a call",
            "I'd like to schedule a 30 minute meeting",
            "Termin vereinbaren",
            "Einen Termin, bitte",
            "Quiero reservar una llamada",
            "Je voudrais prendre rendez-vous",
            "Marcar uma reunião",
            "Vorrei prenotare una consulenza",
            "Ik wil graag een afspraak maken",
        ],
    ),
    (
        Wish::Plan,
        &[
            "Which plan should we take?",
            "Can you recommend a plan?",
            "Welcher Plan passt zu uns?",
            "¿Qué plan nos conviene?",
            "Quelle formule nous faut-il ?",
            "Qual plano é o melhor?",
            "Quale piano fa per noi?",
            "Welk pakket past bij ons?",
        ],
    ),
    (
        Wish::Price,
        &[
            "Prices",
            "Show me your prices",
            "Can we get a quote?",
            "Ich möchte die Preise sehen",
            "Preisliste bitte",
            "Quiero ver los precios",
            "Un presupuesto, por favor",
            "Je voudrais connaître vos tarifs",
            "Un devis, svp",
            "Quero ver os preços",
            "Vorrei un preventivo",
            "Ik wil de prijzen zien",
        ],
    ),
    (
        Wish::Ready,
        &[
            "Are we ready for this?",
            "How ready are we?",
            "Start the readiness diagnostic",
            "Sind wir bereit?",
            "¿Estamos listos?",
            "Sommes-nous prêts ?",
            "Estamos prontos?",
            "Siamo pronti?",
            "Zijn we er klaar voor?",
        ],
    ),
    (
        Wish::Assess,
        &[
            "Let us do the assessment",
            "Start the audit",
            "What are we losing?",
            "Was verlieren wir?",
            "Die Bewertung starten",
            "¿Cuánto perdemos?",
            "Quiero hacer la evaluación",
            "Combien perdons-nous ?",
            "Faire l'évaluation",
            "O que perdemos?",
            "Fazer a avaliação",
            "Quanto perdiamo?",
            "Wat verliezen we?",
            "De beoordeling doen",
        ],
    ),
    (
        Wish::Stop,
        &[
            "Stop.",
            "stop now, please",
            "Unsubscribe",
            "Aufhören",
            "Stopp",
            "Basta",
            "Detener",
            "Arrêtez",
            "Parar, por favor",
            "Chega",
            "Smettila",
            "Ophouden",
        ],
    ),
];

const UNHEARD: &[&str] = &[
    "",
    "?",
    "Not a person, thanks",
    "no human please",
    "I do not want to talk to a person",
    "I don't want you to call me",
    "What happens when customers call me?",
    "Who is behind this company?",
    "Does it work with personal phones?",
    "Does a person read this?",
    "A person answers our phone until six",
    "What does it cost?",
    "Can customers book a call with it?",
    "How long does the assessment take?",
    "Do we need to talk to someone at Meta first?",
    "Ich will nicht mit einem Menschen sprechen",
    "Rufen Sie mich bitte nicht an",
    "Kein Mensch, bitte",
    "Wir haben einen Mitarbeiter am Empfang",
    "No quiero hablar con una persona",
    "No me llamen",
    "Je ne veux pas parler à une personne",
    "Ne m'appelez pas",
    "Não quero falar com um atendente",
    "Não me liguem",
    "Non voglio parlare con un operatore",
    "Non chiamatemi",
    "Ik wil niet met een medewerker praten",
    "Bel me niet",
];

#[test]
fn a_wish_is_heard_where_it_is_plain() {
    for (expected, texts) in HEARD {
        for text in *texts {
            assert_eq!(wish(text), Some(*expected), "{text}");
        }
    }
}

#[test]
fn what_is_none_is_none() {
    for text in UNHEARD {
        assert_eq!(wish(text), None, "{text}");
    }
}

#[test]
fn a_person_is_asked_for_in_the_middle_of_something_in_so_many_words_alone() {
    for text in ["Can I talk to a person instead?", "call me please", "Ich möchte mit einem Berater sprechen"] {
        assert!(asks_for_person(text), "{text}");
    }
    for text in ["a person", "Mitarbeiter", "one person answers, the others call back", "human", "nobody"] {
        assert!(!asks_for_person(text), "{text}");
    }
}

#[test]
fn words_of_a_wish_are_folded() {
    for way in &WAYS {
        for list in [way.verbs, way.things, way.alone, way.phrases, STOP] {
            assert_eq!(fold(list).trim(), list.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    for small in &*SMALL {
        assert_eq!(fold(small).trim(), *small);
        assert!(!listed(DENIES, small) && !listed(AFTER, small), "{small} turns a wish around");
    }
}

proptest! {
    /// How something is written changes nothing: case, accents, signs around it.
    #[test]
    fn writing_does_not_matter(way in 0..HEARD.len(), which in any::<prop::sample::Index>(), upper in any::<bool>(), end in "[ !.]{0,3}") {
        let (expected, texts) = HEARD[way];
        let text = texts[which.index(texts.len())];
        let written = if upper { text.to_uppercase() } else { fold(text) };
        let question = text.trim_end().ends_with('?');
        let written = if question { written } else { format!("{written}{end}") };
        prop_assert_eq!(wish(&written), Some(expected), "{}", written);
    }

    /// A "not" before it turns every wish for a person around.
    #[test]
    fn a_denial_is_heard(which in any::<prop::sample::Index>(), not in prop::sample::select(vec!["i do not want to", "ich will nicht", "no quiero", "je ne veux pas", "nao quero", "non voglio", "ik wil niet"])) {
        let said = ["talk to a person", "hablar con una persona", "parler a un conseiller", "falar com alguem", "parlare con qualcuno"];
        prop_assert_eq!(wish(&format!("{not} {}", said[which.index(said.len())])), None);
    }

    /// Nothing that is written breaks it.
    #[test]
    fn anything_is_read(text in ".{0,200}") {
        let heard = wish(&text);
        prop_assert!(heard.is_none() || !text.trim().is_empty());
        prop_assert!(!asks_for_person(&text) || heard.is_some());
    }
}
