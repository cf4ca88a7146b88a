//! What a visitor's own words ask for, where they plainly do: in English, German, Spanish, French, Portuguese, Italian and Dutch.
//!
//! A wish is a verb with its thing ("talk to a person"), a phrase ("which plan"), or a thing alone ("a person, please"). Before it and
//! within it stand nothing but small words, which are listed: so "I do not want to talk to a person" is none, nor is "can customers
//! book a call". Case and accents do not matter. What the room of models knows of asking for people and of stopping is heard too, in
//! its sixteen languages, where a message is nothing else.

use std::collections::HashSet;
use std::sync::LazyLock;

use ai::local::{Language, Reading, fold};

/// What words ask for, the first of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Somebody who answers.
    Person,
    /// A time to talk.
    Book,
    /// The plan that fits.
    Plan,
    /// What it costs.
    Price,
    /// The readiness diagnostic.
    Ready,
    /// The recovery assessment.
    Assess,
    /// An end.
    Stop,
}

/// The ways of asking for one thing: words with a space between them, phrases with a bar; `*` leaves the end of a word open. All are
/// folded.
struct Way {
    wish: Wish,
    verbs: &'static str,
    things: &'static str,
    /// What is a wish with nothing but small words around it.
    alone: &'static str,
    phrases: &'static str,
}

static WAYS: [Way; 6] = [
    Way {
        wish: Wish::Person,
        verbs: "talk speak chat connect transfer sprechen reden verbinden hablar charlar conversar pasarme comunicarme parler discuter \
            echanger joindre falar parlare discutere praten spreken chatten doorverbinden",
        things: "person human agent someone somebody anyone anybody representative advisor adviser consultant colleague operator sales \
            mensch* mitarbeiter* jemand* berater* kolleg* ansprechpartner* persona humano agente alguien asesor asesora encargado \
            comercial personne humain conseiller conseillere quelqu interlocuteur commercial pessoa alguem atendente consultor vendedor \
            qualcuno operatore consulente umano addetto mens mensen medewerker medewerkster persoon iemand collega adviseur",
        alone: "person human agent someone somebody representative operator mensch* mitarbeiter* berater* ansprechpartner* persona \
            humano agente alguien asesor asesora personne humain conseiller conseillere quelqu pessoa alguem atendente operatore \
            qualcuno umano consulente mens medewerker iemand persoon adviseur",
        phrases: "call me | call us | phone me | contact me | get in touch with me | put me through | not a bot | not a robot | someone i \
            can talk to | somebody i can talk to | person i can talk to | rufen sie mich | rufen sie uns | rufen mich | ruf mich | rufe \
            mich | melden sie sich | mich anrufen | mich zuruckrufen | kein bot | keinen bot | llamame | llameme | llamenme | llamenos | \
            me llamen | me llame | llamarme | contactame | contactenme | no un robot | appelez moi | appelez nous | rappelez moi | rappelez \
            nous | m appeler | me rappeler | me contacter | pas un robot | me ligue | me liguem | me ligar | ligue me | liguem me | ligue para mim | \
            entrem em contato comigo | nao um robo | chiamami | chiamatemi | richiamami | richiamatemi | mi chiami | mi chiamate | mi richiami | \
            chiamarmi | contattatemi | non un bot | non un robot | bel me | bel mij | mij bellen | me bellen | mij terugbellen | me terugbellen | geen bot | neem \
            contact met mij op | neem contact met me op",
    },
    Way {
        wish: Wish::Book,
        verbs: "book schedule arrange make reserve set buchen vereinbaren ausmachen reservieren planen machen reservar agendar programar \
            concertar pedir reserver prendre fixer planifier marcar prenotare fissare boeken plannen inplannen maken reserveren",
        things: "appointment call meeting consultation demo talk slot session conversation termin* gesprach* erstgesprach* beratung* \
            anruf telefonat cita llamada reunion consulta demostracion rendez rdv appel entretien creneau reuniao chamada horario \
            conversa appuntamento chiamata consulenza incontro riunione afspraak gesprek adviesgesprek belafspraak",
        alone: "appointment booking consultation termin beratungstermin beratungsgesprach cita rendez vous rdv appuntamento afspraak",
        phrases: "",
    },
    Way {
        wish: Wish::Plan,
        verbs: "recommend suggest choose empfehlen recomendar elegir recommander conseiller choisir escolher consigliare scegliere \
            aanraden kiezen",
        things: "plan package paket plano pacote paquete formule piano pacchetto pakket abonnement",
        alone: "",
        phrases: "which plan | what plan | plan fits | which package | welcher plan | welches paket | welcher tarif | que plan | cual plan | \
            cual es el plan | que paquete | quel plan | quelle offre | quelle formule | qual plano | que plano | qual pacote | quale \
            piano | che piano | quale pacchetto | welk plan | welk pakket | welk abonnement",
    },
    Way {
        wish: Wish::Price,
        verbs: "show see send get give want need know have zeigen zeig sehen schicken wissen haben mostrar mostrarme ver enviar enviarme \
            saber montrer voir envoyer connaitre avoir recevoir mostre receber vedere sapere mandare avere ricevere tonen zien sturen \
            weten krijgen",
        things: "price prices pricing quote pricelist preis preise preisliste preisen angebot precio precios tarifas presupuesto prix \
            tarif tarifs devis preco precos orcamento prezzo prezzi listino preventivo prijs prijzen prijslijst tarieven offerte",
        alone: "price prices pricing list cost costs quote pricelist preis preise preisliste kosten angebot precio precios tarifas \
            presupuesto coste costes costo prix tarif tarifs devis preco precos tabela orcamento prezzo prezzi listino costi preventivo \
            prijs prijzen prijslijst tarieven offerte",
        phrases: "",
    },
    Way {
        wish: Wish::Ready,
        verbs: "do start begin take run try machen starten beginnen hacer empezar comenzar iniciar faire commencer lancer fazer comecar \
            fare iniziare avviare doen",
        things: "readiness diagnostic diagnostics diagnostik diagnose diagnostico diagnosi",
        alone: "readiness diagnostic diagnostics check diagnostik diagnose diagnostico diagnosi",
        phrases: "how ready are we | how ready am i | are we ready | am i ready | wie bereit sind wir | sind wir bereit | estamos listos | \
            estamos preparados | sommes nous prets | est on prets | estamos prontos | siamo pronti | zijn we er klaar voor | zijn wij er \
            klaar voor | hoe klaar zijn we",
    },
    Way {
        wish: Wish::Assess,
        verbs: "do start begin take run try make want machen starten beginnen durchfuhren hacer empezar comenzar iniciar faire commencer \
            demarrer lancer passer fazer comecar fare iniziare cominciare avviare doen maken",
        things: "assessment audit bewertung einschatzung bestandsaufnahme analyse evaluacion auditoria analisis evaluation avaliacao \
            valutazione beoordeling",
        alone: "assessment audit maturity recovery bewertung einschatzung bestandsaufnahme evaluacion auditoria evaluation avaliacao \
            valutazione beoordeling",
        phrases: "what are we losing | what am i losing | how much are we losing | what do we lose | was verlieren wir | wie viel verlieren \
            wir | que perdemos | que estamos perdiendo | cuanto perdemos | cuanto estamos perdiendo | que perdons nous | combien perdons \
            nous | o que perdemos | quanto perdemos | cosa perdiamo | quanto perdiamo | wat verliezen we | wat verliezen wij | hoeveel \
            verliezen we",
    },
];

/// What ends a conversation where nothing else is said.
const STOP: &str = "stop quit cancel exit enough end stopp aufhoren abbrechen beenden schluss genug alto parar basta detener terminar \
    salir cancelar arret arrete arretez arreter quitter annuler fini pare chega sair encerrar ferma fermati smettila esci annulla \
    stoppen ophouden afbreken genoeg";

/// Words that may stand before a wish and within it. None of them turns it around.
static SMALL: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let lists = [
        "i we me us my our you your a an the to with of for in on at from and or so then just now today please kindly thanks hi hello \
         hey ok okay yes yeah well can could may might would will shall should want wanna need like love prefer wish d ll m am have get \
         let s s be go tell show know help some any real actual live rather also still really actually directly quickly instead maybe \
         perhaps how where possible first free short quick minute minutes hour up out there someone somebody team one is",
        "bitte ein eine einen einem einer eines der die das den dem des mit zu zum zur am im von ich wir mir uns mich sie ihr euer ihre \
         ihren ihrem ihrer mal doch gern gerne jetzt heute gleich sofort lieber direkt noch hallo ja also dann kann konnen konnte konnten \
         darf durfte mochte mochten will wollen wurde wurden hatte hatten haben brauche brauchen muss wie wo und fur echten echte echter \
         echtem richtigen richtige kostenloses kostenlose kurzes moglich danke es einfach nur lassen",
        "un una unos unas el la los las lo al de del con por favor para y yo nosotros me nos mi su sus quiero queremos querria quisiera \
         quisieramos puedo podemos podria podriamos puede pueden gustaria necesito necesitamos prefiero deseo que ahora hoy mejor \
         directamente hola buenas si gracias como donde real verdadera gratis hay alguien quien",
        "un une des le la les l de du d a au aux avec pour s il vous te t plait svp stp je j nous moi on ce c est et veux voulons voudrais \
         voudrions souhaite souhaitons aimerais aimerions peux puis pouvons pourrais pourrions pouvez pourriez prefere besoin ai avons \
         faut maintenant aujourd hui plutot directement bonjour oui merci comment ou vraie vrai reelle gratuit que qu votre vos y",
        "um uma o os a as ao da com por favor para e eu nos me mim quero queremos queria queriamos gostaria gostariamos posso podemos \
         poderia poderiamos pode podem preciso precisamos prefiro desejo que agora hoje melhor diretamente ola oi sim obrigado obrigada \
         como onde verdade real gratis alguem de",
        "un uno una il lo la i gli le l di del della con per favore piacere a e io noi mi ci voglio vogliamo vorrei vorremmo posso \
         possiamo potrei potremmo puo potete potreste piacerebbe bisogno ho abbiamo preferisco desidero che adesso ora oggi meglio \
         direttamente ciao si grazie come dove vera vero reale gratis qualcuno d vi prego",
        "een de het met voor om te en ik wij we me mij ons je jullie u uw wil willen zou zouden kan kunnen kunt mag mogen graag \
         alsjeblieft alstublieft aub moet moeten heb hebben liever nu vandaag direct even eens hallo hoi ja dank bedankt hoe waar echt \
         echte gratis kort er aan bij van dat",
    ];
    lists.iter().flat_map(|list| list.split_ascii_whitespace()).collect()
});

/// Questions that say no and mean yes: "can't I talk to a person?".
const RHETORICAL: [&str; 14] = [
    "ca not i",
    "ca not we",
    "could not i",
    "could not we",
    "can i not",
    "can we not",
    "kann ich nicht",
    "konnte ich nicht",
    "no puedo",
    "no podria",
    "nao posso",
    "non posso",
    "ne puis je pas",
    "kan ik niet",
];
/// What turns a wish around behind it: "rufen Sie mich nicht an".
const AFTER: &str = "not nicht nie niemals niet nooit never pas jamais nunca jamas mai nao";
/// What turns a few words around wherever it stands.
const DENIES: &str = "no not never nein nicht kein* nie ohne without sin nunca non pas ne sans jamais nao nem sem senza nee niet geen zonder";
/// How many words behind it are looked at.
const BEHIND: usize = 3;
/// "No, I want …" without its comma.
const NO: &str = "no nein non nee nao";
const I: &str = "i we ich wir yo eu je j nous io noi ik wij we";
/// Where another thought begins.
const TURNS: &str = "but aber sondern pero sino mais mas ma maar";
/// Up to so many words a message is nothing but what the word lists of the models find in it.
const FEW: usize = 3;

/// What a text asks for, where it plainly does.
pub(super) fn wish(text: &str) -> Option<Wish> {
    let thoughts = Thoughts::of(text);
    let heard = WAYS.iter().find(|way| thoughts.each().any(|words| way.asks(words) || way.is_alone(words)));
    if let Some(way) = heard {
        return Some(way.wish);
    }
    if thoughts.few_words_want_a_person() {
        return Some(Wish::Person);
    }
    thoughts.stop().then_some(Wish::Stop)
}

/// Whether a text asks for a person in so many words: in the middle of something else, where "a person" alone may be an answer.
pub(super) fn asks_for_person(text: &str) -> bool {
    let thoughts = Thoughts::of(text);
    WAYS.iter().filter(|way| way.wish == Wish::Person).any(|way| thoughts.each().any(|words| way.asks(words)))
}

impl Way {
    /// Whether words ask for it with a verb or a phrase.
    fn asks(&self, words: &[String]) -> bool {
        let begin = words.iter().take_while(|word| is_small(word)).count();
        // A word of the wish may be a small one elsewhere: "want", "someone".
        (0..=begin.min(words.len().saturating_sub(1))).any(|start| {
            let end = self.phrase(words, start).or_else(|| self.verb_and_thing(words, start));
            end.is_some_and(|end| !words[end..].iter().take(BEHIND).any(|word| listed(AFTER, word)))
        })
    }

    /// Where a phrase that begins there ends.
    fn phrase(&self, words: &[String], start: usize) -> Option<usize> {
        self.phrases.split('|').find_map(|phrase| {
            let length = phrase.split_ascii_whitespace().count();
            let said = words.get(start..start + length)?;
            let same = phrase.split_ascii_whitespace().zip(said).all(|(wanted, word)| wanted == word);
            (same && length > 0).then_some(start + length)
        })
    }

    /// Where a verb with its thing, in either order, ends; between them are small words.
    fn verb_and_thing(&self, words: &[String], start: usize) -> Option<usize> {
        let other = match &words[start] {
            word if listed(self.verbs, word) => self.things,
            word if listed(self.things, word) => self.verbs,
            _ => return None,
        };
        for (place, word) in words.iter().enumerate().skip(start + 1) {
            if listed(other, word) {
                return Some(place + 1);
            }
            if !is_small(word) {
                return None;
            }
        }
        None
    }

    /// Whether there is nothing but the thing.
    fn is_alone(&self, words: &[String]) -> bool {
        let is_thing = |word: &String| listed(self.alone, word);
        words.iter().any(is_thing) && words.iter().all(|word| is_thing(word) || is_small(word))
    }
}

/// A text cut where another thought begins.
struct Thoughts {
    /// Between signs, as they are written.
    parts: Vec<String>,
    /// The words of each thought.
    words: Vec<Vec<String>>,
    question: bool,
}

impl Thoughts {
    fn of(text: &str) -> Self {
        let question = text.trim_end().ends_with('?');
        let folded = fold(&text.replace(['\n', '\r'], ". ")).replace("n't", " not");
        let signs = ['.', ',', ';', ':', '!', '?', '¿', '¡', '(', ')', '…', '–', '—', '。', '，', '、', '！', '？'];
        let parts = folded.split(signs).map(str::trim).filter(|part| !part.is_empty());
        let parts: Vec<String> = parts.map(str::to_owned).collect();
        let mut words = Vec::new();
        for part in &parts {
            let all: Vec<String> = part
                .split(|one: char| !one.is_alphanumeric())
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect();
            let thoughts = all.split(|word| listed(TURNS, word)).filter(|thought| !thought.is_empty());
            words.extend(thoughts.map(|thought| meant(thought, question)).filter(|words| !words.is_empty()));
        }
        Self { parts, words, question }
    }

    fn each(&self) -> impl Iterator<Item = &[String]> {
        self.words.iter().map(Vec::as_slice)
    }

    /// Whether a few words are what asks for a person in any language the models read.
    fn few_words_want_a_person(&self) -> bool {
        let wants = |part: &String| {
            let words: Vec<&str> =
                part.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
            words.len() <= FEW
                && !words.iter().any(|word| listed(DENIES, word))
                && Reading::in_language(part, Language::UNKNOWN, None).marks().wants_human
        };
        !self.question && self.parts.iter().any(wants)
    }

    /// Whether nothing is said but that it should end.
    fn stop(&self) -> bool {
        let ends = |words: &[String]| words.iter().any(|word| listed(STOP, word));
        let only = |words: &[String]| words.iter().all(|word| listed(STOP, word) || is_small(word));
        if self.each().any(ends) && self.each().all(only) {
            return true;
        }
        let count: usize = self.words.iter().map(Vec::len).sum();
        let few = !self.question && count <= FEW;
        few && Reading::in_language(&self.parts.join(", "), Language::UNKNOWN, None).marks().opt_out
    }
}

/// The words of a thought without a "no" that answers what was before, and without one that asks for a yes.
fn meant(words: &[String], question: bool) -> Vec<String> {
    let words = match words {
        [no, i, ..] if listed(NO, no) && listed(I, i) => &words[1..],
        words => words,
    };
    if !question {
        return words.to_vec();
    }
    let said = format!(" {} ", words.join(" "));
    let said = RHETORICAL.iter().fold(said, |said, phrase| said.replace(&format!(" {phrase} "), " "));
    said.split_ascii_whitespace().map(str::to_owned).collect()
}

fn is_small(word: &str) -> bool {
    SMALL.contains(word) || word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a list of words has a word; `*` leaves its end open.
fn listed(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|entry| match entry.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None => entry == word,
    })
}

#[cfg(test)]
mod tests;
