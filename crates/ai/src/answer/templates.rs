//! Greetings, thanks, goodbyes and the holding reply, in the customer's language.
//!
//! A language without templates is answered in English rather than not at all.

use super::{BrandVoice, Smalltalk, Tone};

/// Templates of one language: greeting, thanks, goodbye and holding reply, each friendly then professional.
/// `{at}` becomes " " + the place's name with its preposition when there is a name, otherwise nothing.
struct Templates {
    language: &'static str,
    at: &'static str,
    greeting: [&'static str; 2],
    thanks: [&'static str; 2],
    goodbye: [&'static str; 2],
    holding: [&'static str; 2],
}

const ALL: &[Templates] = &[
    Templates {
        language: "en",
        at: " to {name}",
        greeting: ["Hi, and welcome{at}! How can we help?", "Hello, and welcome{at}. How may we help you?"],
        thanks: [
            "You're very welcome! Anything else we can do for you?",
            "You are welcome. Please let us know if there is anything else.",
        ],
        goodbye: ["Take care, and talk soon!", "Goodbye, and thank you for your message."],
        holding: [
            "Thanks for your message! A member of our team will get back to you shortly.",
            "Thank you for your message. A colleague will reply to you shortly.",
        ],
    },
    Templates {
        language: "de",
        at: " bei {name}",
        greeting: [
            "Hallo und willkommen{at}! Wie können wir helfen?",
            "Guten Tag und willkommen{at}. Wie dürfen wir Ihnen helfen?",
        ],
        thanks: [
            "Sehr gerne! Können wir sonst noch etwas tun?",
            "Gern geschehen. Melden Sie sich jederzeit, wenn Sie noch etwas brauchen.",
        ],
        goodbye: ["Bis bald!", "Auf Wiedersehen und danke für Ihre Nachricht."],
        holding: [
            "Danke für die Nachricht! Jemand aus unserem Team meldet sich gleich.",
            "Vielen Dank für Ihre Nachricht. Eine Kollegin oder ein Kollege meldet sich in Kürze bei Ihnen.",
        ],
    },
    Templates {
        language: "es",
        at: " a {name}",
        greeting: [
            "¡Hola y bienvenido{at}! ¿En qué te podemos ayudar?",
            "Buenos días y bienvenido{at}. ¿En qué podemos ayudarle?",
        ],
        thanks: ["¡Con mucho gusto! ¿Necesitas algo más?", "De nada. Quedamos a su disposición para lo que necesite."],
        goodbye: ["¡Hasta pronto!", "Hasta luego y gracias por su mensaje."],
        holding: [
            "¡Gracias por tu mensaje! Alguien de nuestro equipo te responderá en breve.",
            "Gracias por su mensaje. Un miembro de nuestro equipo le responderá en breve.",
        ],
    },
    Templates {
        language: "fr",
        at: " chez {name}",
        greeting: [
            "Bonjour et bienvenue{at} ! Comment pouvons-nous vous aider ?",
            "Bonjour et bienvenue{at}. En quoi pouvons-nous vous être utiles ?",
        ],
        thanks: ["Avec plaisir ! Autre chose pour vous ?", "Je vous en prie. Nous restons à votre disposition."],
        goodbye: ["À bientôt !", "Au revoir et merci de votre message."],
        holding: [
            "Merci pour votre message ! Quelqu'un de l'équipe vous répond très vite.",
            "Merci de votre message. Un membre de notre équipe vous répondra sous peu.",
        ],
    },
    Templates {
        language: "it",
        at: " da {name}",
        greeting: [
            "Ciao e benvenuto{at}! Come possiamo aiutarti?",
            "Buongiorno e benvenuto{at}. Come possiamo aiutarla?",
        ],
        thanks: ["Figurati! Possiamo fare altro per te?", "Prego. Restiamo a sua disposizione."],
        goodbye: ["A presto!", "Arrivederci e grazie per il suo messaggio."],
        holding: [
            "Grazie per il messaggio! Qualcuno del nostro team ti risponde a breve.",
            "Grazie per il suo messaggio. Un collega le risponderà a breve.",
        ],
    },
    Templates {
        language: "pt",
        at: " à {name}",
        greeting: ["Olá e bem-vindo{at}! Como podemos ajudar?", "Olá e bem-vindo{at}. Em que podemos ser úteis?"],
        thanks: ["De nada! Precisa de mais alguma coisa?", "De nada. Ficamos à disposição."],
        goodbye: ["Até breve!", "Até logo e obrigado pela sua mensagem."],
        holding: [
            "Obrigado pela mensagem! Alguém da nossa equipe responde em breve.",
            "Obrigado pela sua mensagem. Um membro da nossa equipe responderá em breve.",
        ],
    },
    Templates {
        language: "nl",
        at: " bij {name}",
        greeting: [
            "Hoi en welkom{at}! Waarmee kunnen we helpen?",
            "Goedendag en welkom{at}. Waarmee kunnen wij u helpen?",
        ],
        thanks: [
            "Graag gedaan! Kunnen we nog iets doen?",
            "Graag gedaan. Laat het ons weten als u nog iets nodig heeft.",
        ],
        goodbye: ["Tot snel!", "Tot ziens en bedankt voor uw bericht."],
        holding: [
            "Bedankt voor je bericht! Iemand van ons team reageert zo.",
            "Dank u voor uw bericht. Een collega reageert binnenkort.",
        ],
    },
    Templates {
        language: "tr",
        at: " {name}",
        greeting: [
            "Merhaba, hoş geldiniz! Nasıl yardımcı olabiliriz?",
            "Merhaba, hoş geldiniz. Size nasıl yardımcı olabiliriz?",
        ],
        thanks: [
            "Rica ederiz! Başka bir şey var mı?",
            "Rica ederiz. Başka bir konuda yardımcı olmaktan memnuniyet duyarız.",
        ],
        goodbye: ["Görüşmek üzere!", "Hoşça kalın, mesajınız için teşekkürler."],
        holding: [
            "Mesajınız için teşekkürler! Ekibimizden biri kısa süre içinde size dönecek.",
            "Mesajınız için teşekkür ederiz. Bir çalışanımız kısa süre içinde size dönüş yapacaktır.",
        ],
    },
    Templates {
        language: "sv",
        at: " till {name}",
        greeting: [
            "Hej och välkommen{at}! Hur kan vi hjälpa dig?",
            "Hej och välkommen{at}. Hur kan vi stå till tjänst?",
        ],
        thanks: ["Så gärna! Något mer vi kan göra?", "Varsågod. Hör gärna av dig om det är något mer."],
        goodbye: ["Vi hörs!", "Hej då och tack för ditt meddelande."],
        holding: [
            "Tack för ditt meddelande! Någon i teamet svarar strax.",
            "Tack för ditt meddelande. En kollega svarar inom kort.",
        ],
    },
    Templates {
        language: "pl",
        at: " w {name}",
        greeting: ["Cześć, witamy{at}! W czym możemy pomóc?", "Dzień dobry, witamy{at}. W czym możemy pomóc?"],
        thanks: ["Nie ma sprawy! Czy możemy jeszcze w czymś pomóc?", "Bardzo proszę. Pozostajemy do dyspozycji."],
        goodbye: ["Do usłyszenia!", "Do widzenia i dziękujemy za wiadomość."],
        holding: [
            "Dzięki za wiadomość! Ktoś z naszego zespołu wkrótce odpisze.",
            "Dziękujemy za wiadomość. Wkrótce odpowie ktoś z naszego zespołu.",
        ],
    },
    Templates {
        language: "ru",
        at: " в {name}",
        greeting: [
            "Здравствуйте, добро пожаловать{at}! Чем можем помочь?",
            "Здравствуйте, добро пожаловать{at}. Чем мы можем вам помочь?",
        ],
        thanks: ["Пожалуйста! Помочь чем-нибудь ещё?", "Пожалуйста. Обращайтесь, если понадобится что-нибудь ещё."],
        goodbye: ["До скорого!", "До свидания и спасибо за ваше сообщение."],
        holding: [
            "Спасибо за сообщение! Скоро вам ответит наш сотрудник.",
            "Благодарим за сообщение. В ближайшее время вам ответит наш сотрудник.",
        ],
    },
];

/// The reply to small talk.
pub fn smalltalk_reply(kind: Smalltalk, language: &str, voice: &BrandVoice) -> String {
    let t = templates(language);
    let (texts, emoji) = match kind {
        Smalltalk::Greeting => (t.greeting, " 👋"),
        Smalltalk::Thanks => (t.thanks, " 😊"),
        Smalltalk::Goodbye => (t.goodbye, " 👋"),
    };
    finish(texts, emoji, t, voice)
}

/// What is said once when a human has to answer.
pub fn holding_reply(language: &str, voice: &BrandVoice) -> String {
    let t = templates(language);
    finish(t.holding, "", t, voice)
}

fn templates(language: &str) -> &'static Templates {
    ALL.iter().find(|t| t.language == language).unwrap_or(&ALL[0])
}

fn finish(texts: [&str; 2], emoji: &str, t: &Templates, voice: &BrandVoice) -> String {
    let text = texts[usize::from(voice.tone == Tone::Professional)];
    let name = voice.business.trim();
    let at = if name.is_empty() { String::new() } else { t.at.replace("{name}", name) };
    let mut out = text.replace("{at}", &at);
    if voice.emoji && voice.tone == Tone::Friendly {
        out.push_str(emoji);
    }
    if !voice.sign_off.trim().is_empty() {
        out.push_str("\n\n");
        out.push_str(voice.sign_off.trim());
    }
    if voice.max_chars > 0 { super::voice::shorten(&out, voice.max_chars) } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_stands_in_the_greeting() {
        let voice = BrandVoice { business: "Northwind Dental".into(), emoji: true, ..BrandVoice::default() };
        assert_eq!(
            smalltalk_reply(Smalltalk::Greeting, "en", &voice),
            "Hi, and welcome to Northwind Dental! How can we help? 👋"
        );
        assert_eq!(
            smalltalk_reply(Smalltalk::Greeting, "de", &BrandVoice::default()),
            "Hallo und willkommen! Wie können wir helfen?"
        );
    }

    #[test]
    fn every_template_is_filled_in_every_tone() {
        for t in ALL {
            for tone in [Tone::Friendly, Tone::Professional, Tone::Concise] {
                let voice = BrandVoice { business: "Northwind".into(), tone, ..BrandVoice::default() };
                for kind in [Smalltalk::Greeting, Smalltalk::Thanks, Smalltalk::Goodbye] {
                    let reply = smalltalk_reply(kind, t.language, &voice);
                    assert!(!reply.is_empty() && !reply.contains('{'), "{reply}");
                }
                assert!(!holding_reply(t.language, &voice).contains('{'));
            }
        }
        assert_eq!(holding_reply("xx", &BrandVoice::default()), holding_reply("en", &BrandVoice::default()));
    }
}
