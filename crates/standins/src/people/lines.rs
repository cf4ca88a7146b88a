//! What people say: by wish and language, each step of a script with several ways to put it.

use serde::{Deserialize, Serialize};

/// A language people write in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    English,
    /// Spanish.
    Spanish,
    /// German.
    German,
    /// French.
    French,
    /// Portuguese.
    Portuguese,
    /// Arabic, written from right to left.
    Arabic,
}

impl Language {
    /// The language at this percentile of the practice's customers.
    pub(super) fn common(percentile: u32) -> Self {
        match percentile {
            0..55 => Self::English,
            55..73 => Self::Spanish,
            73..82 => Self::German,
            82..89 => Self::French,
            89..95 => Self::Portuguese,
            _ => Self::Arabic,
        }
    }
}

/// What a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// To know a price.
    Price,
    /// An appointment.
    Booking,
    /// Help with pain, now.
    Pain,
    /// To move or cancel an appointment.
    Change,
    /// To know when and where.
    Hours,
    /// To be heard about something that went wrong.
    Complaint,
    /// An aesthetic treatment.
    Aesthetics,
}

impl Wish {
    /// The wish at this percentile of the practice's customers.
    pub(super) fn common(percentile: u32) -> Self {
        match percentile {
            0..22 => Self::Price,
            22..46 => Self::Booking,
            46..56 => Self::Pain,
            56..66 => Self::Change,
            66..78 => Self::Hours,
            78..85 => Self::Complaint,
            _ => Self::Aesthetics,
        }
    }
}

type Choices = &'static [&'static str];

/// The steps of a conversation.
pub(super) fn script(language: Language, wish: Wish) -> [Choices; 3] {
    match language {
        Language::English => english(wish),
        Language::Spanish => spanish(wish),
        Language::German => german(wish),
        Language::French => french(wish),
        Language::Portuguese => portuguese(wish),
        Language::Arabic => arabic(wish),
    }
}

fn english(wish: Wish) -> [Choices; 3] {
    let contact: Choices = &["Sure, it's {email}", "You can reach me at {email}", "{email} 🙂"];
    match wish {
        Wish::Price => [
            &[
                "Hi, how much is teeth whitening?",
                "what does an implant cost at yours?",
                "Hello! Price for Invisalign please?",
            ],
            &["Is that per visit or all in?", "Do you offer payment plans?", "Does insurance cover any of it?"],
            contact,
        ],
        Wish::Booking => [
            &[
                "Hi! Can I book a check-up for next week?",
                "I'd like an appointment for a cleaning, Thursday if possible",
                "Do you have a slot on Friday?",
            ],
            &["Morning works best for me", "After 4pm please", "The downtown location if you can"],
            contact,
        ],
        Wish::Pain => [
            &[
                "My tooth has been killing me since last night, can someone see me today??",
                "I broke a tooth and it hurts a lot, please help",
                "Swollen jaw and bad pain, do you take emergencies?",
            ],
            &["About an 8 out of 10", "It got worse this morning", "I can come right now"],
            contact,
        ],
        Wish::Change => [
            &[
                "I need to move my appointment on Tuesday",
                "Can I cancel tomorrow's visit? Something came up",
                "Running late, can we reschedule?",
            ],
            &["Any time next week is fine", "Same day but later would be great", "Wednesday morning?"],
            &["Thank you!", "Perfect, thanks so much", "Great 👍"],
        ],
        Wish::Hours => [
            &["Are you open on Saturdays?", "What are your opening hours?", "Where can I park near the clinic?"],
            &["And on public holidays?", "Which location is closest to the station?", "Do I need an appointment?"],
            &["Thanks!", "ok great", "Cheers, very helpful"],
        ],
        Wish::Complaint => [
            &[
                "I waited 50 minutes yesterday and nobody told me anything. Really disappointed.",
                "You charged me twice for the same cleaning!",
                "My filling fell out after three days. Not happy at all.",
            ],
            &["I want to talk to a manager", "This is the second time it happens", "I'd like my money back"],
            contact,
        ],
        Wish::Aesthetics => [
            &[
                "Do you do lip filler? How long does it last?",
                "Interested in Botox for the forehead, what would I pay?",
                "Hi, can I see before/after pictures for veneers?",
            ],
            &["Is there a consultation first?", "Who does the treatment?", "Any offers this month?"],
            contact,
        ],
    }
}

fn spanish(wish: Wish) -> [Choices; 3] {
    let contact: Choices = &["Claro, mi correo es {email}", "{email}, gracias"];
    match wish {
        Wish::Price => [
            &["Hola, ¿cuánto cuesta el blanqueamiento?", "¿Qué precio tiene un implante?"],
            &["¿Se puede pagar a plazos?", "¿Es por sesión?"],
            contact,
        ],
        Wish::Booking => [
            &["Buenas, quisiera una cita para una limpieza", "¿Tienen hora el viernes?"],
            &["Por la mañana mejor", "Después de las cinco, por favor"],
            contact,
        ],
        Wish::Pain => [
            &["Me duele muchísimo una muela, ¿me pueden ver hoy?", "Se me rompió un diente y me duele mucho"],
            &["Desde anoche", "Puedo ir ahora mismo"],
            contact,
        ],
        Wish::Change => [
            &["Necesito cambiar mi cita del martes", "¿Puedo cancelar la cita de mañana?"],
            &["La semana que viene, cualquier día"],
            &["Gracias", "Perfecto, muchas gracias"],
        ],
        Wish::Hours => [
            &["¿Abren los sábados?", "¿Cuál es el horario?"],
            &["¿Y los festivos?", "¿Hay aparcamiento?"],
            &["Gracias", "Muy amable"],
        ],
        Wish::Complaint => [
            &["Esperé casi una hora y nadie me avisó. Muy decepcionado.", "Me cobraron dos veces la limpieza"],
            &["Quiero hablar con el responsable"],
            contact,
        ],
        Wish::Aesthetics => [
            &["¿Hacen relleno de labios? ¿Cuánto dura?", "Me interesa el bótox, ¿qué precio tiene?"],
            &["¿La primera consulta es gratis?"],
            contact,
        ],
    }
}

fn german(wish: Wish) -> [Choices; 3] {
    let contact: Choices = &["Gerne: {email}", "Meine Adresse ist {email}"];
    match wish {
        Wish::Price => [
            &["Guten Tag, was kostet ein Bleaching bei Ihnen?", "Was kostet ein Implantat ungefähr?"],
            &["Geht auch Ratenzahlung?", "Zahlt die Kasse etwas dazu?"],
            contact,
        ],
        Wish::Booking => [
            &["Hallo, ich hätte gern einen Termin zur Kontrolle", "Haben Sie am Freitag noch etwas frei?"],
            &["Vormittags wäre gut", "Am liebsten nach 16 Uhr"],
            contact,
        ],
        Wish::Pain => [
            &[
                "Ich habe starke Zahnschmerzen, kann ich heute noch kommen?",
                "Mir ist ein Zahn abgebrochen, es tut sehr weh",
            ],
            &["Seit gestern Abend", "Ich könnte sofort los"],
            contact,
        ],
        Wish::Change => [
            &["Ich muss meinen Termin am Dienstag verschieben", "Kann ich den Termin morgen absagen?"],
            &["Nächste Woche geht jeder Tag"],
            &["Danke!", "Super, vielen Dank"],
        ],
        Wish::Hours => [
            &["Haben Sie samstags geöffnet?", "Wie sind Ihre Öffnungszeiten?"],
            &["Gibt es Parkplätze?", "Welcher Standort ist am Bahnhof?"],
            &["Danke schön", "Alles klar"],
        ],
        Wish::Complaint => [
            &[
                "Ich habe gestern 50 Minuten gewartet, ohne dass jemand etwas gesagt hat. Sehr enttäuschend.",
                "Die Reinigung wurde zweimal abgebucht!",
            ],
            &["Ich möchte mit der Leitung sprechen"],
            contact,
        ],
        Wish::Aesthetics => [
            &["Machen Sie auch Lippenunterspritzung? Wie lange hält das?", "Was kosten Veneers?"],
            &["Gibt es vorher eine Beratung?"],
            contact,
        ],
    }
}

fn french(wish: Wish) -> [Choices; 3] {
    let contact: Choices = &["Bien sûr : {email}", "{email}, merci"];
    match wish {
        Wish::Price => [
            &["Bonjour, combien coûte un blanchiment ?", "Quel est le prix d'un implant ?"],
            &["On peut payer en plusieurs fois ?"],
            contact,
        ],
        Wish::Booking => [
            &["Bonjour, je voudrais un rendez-vous pour un détartrage", "Avez-vous une place vendredi ?"],
            &["Plutôt le matin", "Après 17 h si possible"],
            contact,
        ],
        Wish::Pain => [
            &["J'ai très mal à une dent, vous pouvez me recevoir aujourd'hui ?"],
            &["Depuis hier soir", "Je peux venir tout de suite"],
            contact,
        ],
        Wish::Change => [
            &["Je dois déplacer mon rendez-vous de mardi", "Je voudrais annuler demain"],
            &["La semaine prochaine, n'importe quand"],
            &["Merci !", "Parfait, merci beaucoup"],
        ],
        Wish::Hours => [
            &["Vous êtes ouverts le samedi ?", "Quels sont vos horaires ?"],
            &["Il y a un parking ?"],
            &["Merci", "Très bien"],
        ],
        Wish::Complaint => [
            &["J'ai attendu une heure hier sans aucune explication. C'est inadmissible."],
            &["Je veux parler à un responsable"],
            contact,
        ],
        Wish::Aesthetics => [
            &["Vous faites des injections pour les lèvres ? Ça dure combien de temps ?"],
            &["La première consultation est gratuite ?"],
            contact,
        ],
    }
}

fn portuguese(wish: Wish) -> [Choices; 3] {
    let contact: Choices = &["Claro: {email}", "Meu e-mail é {email}"];
    match wish {
        Wish::Price => {
            [&["Oi, quanto custa o clareamento?", "Qual o preço de um implante?"], &["Dá para parcelar?"], contact]
        }
        Wish::Booking => [
            &["Bom dia, queria marcar uma limpeza", "Tem horário na sexta?"],
            &["De manhã é melhor", "Depois das 17h"],
            contact,
        ],
        Wish::Pain => [
            &["Estou com muita dor de dente, podem me atender hoje?"],
            &["Desde ontem à noite", "Posso ir agora"],
            contact,
        ],
        Wish::Change => [
            &["Preciso remarcar minha consulta de terça", "Posso cancelar amanhã?"],
            &["Semana que vem, qualquer dia"],
            &["Obrigada!", "Perfeito, obrigado"],
        ],
        Wish::Hours => [
            &["Vocês abrem aos sábados?", "Qual o horário de vocês?"],
            &["Tem estacionamento?"],
            &["Obrigado", "Valeu!"],
        ],
        Wish::Complaint => [
            &["Esperei quase uma hora e ninguém avisou nada. Muito decepcionada."],
            &["Quero falar com o gerente"],
            contact,
        ],
        Wish::Aesthetics => {
            [&["Vocês fazem preenchimento labial? Quanto tempo dura?"], &["Tem avaliação antes?"], contact]
        }
    }
}

fn arabic(wish: Wish) -> [Choices; 3] {
    let contact: Choices = &["تفضل: {email}", "بريدي {email}"];
    match wish {
        Wish::Price => [&["مرحبا، كم سعر تبييض الأسنان؟", "كم تكلفة زراعة سن؟"], &["هل يوجد تقسيط؟"], contact],
        Wish::Booking => [&["أريد حجز موعد لتنظيف الأسنان", "هل يوجد موعد يوم الجمعة؟"], &["صباحا أفضل"], contact],
        Wish::Pain => [&["عندي ألم شديد في السن، هل يمكن أن أراكم اليوم؟"], &["منذ ليلة أمس"], contact],
        Wish::Change => [&["أريد تغيير موعدي يوم الثلاثاء"], &["أي يوم الأسبوع القادم"], &["شكرا", "شكرا جزيلا"]],
        Wish::Hours => [&["هل تفتحون يوم السبت؟", "ما هي ساعات العمل؟"], &["هل يوجد موقف سيارات؟"], &["شكرا"]],
        Wish::Complaint => {
            [&["انتظرت ساعة كاملة ولم يخبرني أحد بشيء. أنا مستاء جدا."], &["أريد التحدث مع المدير"], contact]
        }
        Wish::Aesthetics => [&["هل تعملون فيلر للشفاه؟ كم يدوم؟"], &["هل الاستشارة مجانية؟"], contact],
    }
}

/// Words of somebody who returns days later.
pub(super) fn back(language: Language) -> Choices {
    match language {
        Language::English => &[
            "Hi again, is the offer still on?",
            "Sorry for the late reply! I'd like to go ahead",
            "Me again, one more question",
        ],
        Language::Spanish => &["Hola de nuevo, ¿sigue en pie?", "Perdón por la demora, me interesa"],
        Language::German => {
            &["Hallo nochmal, gilt das Angebot noch?", "Entschuldigung für die späte Antwort, ich nehme den Termin"]
        }
        Language::French => &["Re-bonjour, c'est toujours possible ?"],
        Language::Portuguese => &["Oi de novo, ainda dá?"],
        Language::Arabic => &["مرحبا مجددا، هل العرض ما زال متاحا؟"],
    }
}
