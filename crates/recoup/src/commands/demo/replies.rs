//! What Northwind's people wrote when the bot asked for one of them, by language and wish.

use standins::people::{Language, Wish};

/// The answer of a person.
pub fn of(language: Language, wish: Wish) -> &'static str {
    match language {
        Language::English => english(wish),
        Language::Spanish => spanish(wish),
        Language::German => german(wish),
        Language::French => french(wish),
        Language::Portuguese => portuguese(wish),
        Language::Arabic => arabic(wish),
    }
}

fn english(wish: Wish) -> &'static str {
    match wish {
        Wish::Price => {
            "Hi, Sam from Northwind here. I have put together the price with your plan; shall I book the free scan so that we can confirm it?"
        }
        Wish::Booking => {
            "Thanks for waiting! We have Thursday at 9:20 or Friday at 4:30 at Downtown. Which one may I reserve for you?"
        }
        Wish::Pain => {
            "I am sorry you are in pain. Dr. Lindqvist can see you today at Downtown; please come as soon as you can and mention my name at reception."
        }
        Wish::Change => "Done, I have moved your appointment. You get a confirmation in a minute. See you then!",
        Wish::Hours => {
            "We are happy to help: reception is open until 7 pm today and you do not need an appointment to ask a question."
        }
        Wish::Complaint => {
            "I am very sorry about this. I have looked at your visit with our manager: we refund the difference today, and she will call you this afternoon if that suits you."
        }
        Wish::Aesthetics => {
            "Lovely that you ask! Dr. Amari has a free consultation on Wednesday at 11 or Saturday at 2 at Hillcrest. Would one of them work?"
        }
    }
}

fn spanish(wish: Wish) -> &'static str {
    match wish {
        Wish::Price => {
            "Hola, soy Priya de Northwind. Le he preparado el presupuesto; ¿le reservo la primera visita para confirmarlo?"
        }
        Wish::Booking => {
            "Gracias por esperar. Tenemos el jueves a las 9:20 o el viernes a las 17:30. ¿Cuál le reservo?"
        }
        Wish::Pain => "Siento mucho que le duela. Le podemos ver hoy mismo en Downtown; venga en cuanto pueda.",
        Wish::Change => "Hecho, he cambiado su cita. Enseguida recibe la confirmación.",
        Wish::Hours => "Con mucho gusto: hoy estamos hasta las siete y no necesita cita para preguntar.",
        Wish::Complaint => {
            "Lo siento de verdad. Lo he hablado con la responsable: le devolvemos la diferencia hoy y le llamará esta tarde."
        }
        Wish::Aesthetics => {
            "¡Qué bien que pregunte! La doctora Amari tiene una consulta gratuita el miércoles a las 11. ¿Le viene bien?"
        }
    }
}

fn german(wish: Wish) -> &'static str {
    match wish {
        Wish::Price => {
            "Guten Tag, hier ist Sam von Northwind. Ich habe Ihnen den Preis zusammengestellt; darf ich den kostenlosen Scan eintragen?"
        }
        Wish::Booking => "Danke fürs Warten! Donnerstag 9:20 Uhr oder Freitag 16:30 Uhr sind frei. Was passt Ihnen?",
        Wish::Pain => "Das tut mir leid. Wir sehen Sie heute noch in Downtown; kommen Sie bitte, sobald Sie können.",
        Wish::Change => "Erledigt, Ihr Termin ist verschoben. Die Bestätigung kommt gleich.",
        Wish::Hours => "Gern: heute sind wir bis 19 Uhr da, für Fragen brauchen Sie keinen Termin.",
        Wish::Complaint => {
            "Das tut mir sehr leid. Wir erstatten Ihnen die Differenz heute, und unsere Leiterin ruft Sie am Nachmittag an."
        }
        Wish::Aesthetics => {
            "Schön, dass Sie fragen! Dr. Amari hat am Mittwoch um 11 Uhr eine kostenlose Beratung frei. Passt das?"
        }
    }
}

fn french(wish: Wish) -> &'static str {
    match wish {
        Wish::Price => {
            "Bonjour, Priya de Northwind. J'ai préparé votre devis ; voulez-vous que je réserve la première visite ?"
        }
        Wish::Booking => "Merci d'avoir patienté. Jeudi à 9 h 20 ou vendredi à 16 h 30 : que préférez-vous ?",
        Wish::Pain => {
            "Je suis désolée pour vous. Nous pouvons vous voir aujourd'hui à Downtown ; venez dès que possible."
        }
        Wish::Change => "C'est fait, votre rendez-vous est déplacé. Vous recevez la confirmation tout de suite.",
        Wish::Hours => "Avec plaisir : nous sommes là jusqu'à 19 heures aujourd'hui.",
        Wish::Complaint => {
            "Je suis vraiment désolée. Nous vous remboursons la différence aujourd'hui et notre responsable vous appelle cet après-midi."
        }
        Wish::Aesthetics => {
            "Merci de votre intérêt ! Le docteur Amari propose une consultation gratuite mercredi à 11 heures. Cela vous convient ?"
        }
    }
}

fn portuguese(wish: Wish) -> &'static str {
    match wish {
        Wish::Price => "Olá, aqui é o Sam da Northwind. Preparei o seu orçamento; posso marcar a primeira visita?",
        Wish::Booking => "Obrigado por esperar. Temos quinta às 9h20 ou sexta às 16h30. Qual prefere?",
        Wish::Pain => "Lamento que esteja com dor. Podemos atender hoje em Downtown; venha assim que puder.",
        Wish::Change => "Pronto, mudei a sua consulta. A confirmação chega já.",
        Wish::Hours => "Com prazer: hoje estamos abertos até às 19 horas.",
        Wish::Complaint => "Peço desculpa. Devolvemos a diferença hoje e a nossa responsável liga-lhe esta tarde.",
        Wish::Aesthetics => "Que bom que perguntou! A doutora Amari tem uma consulta gratuita na quarta às 11. Serve?",
    }
}

fn arabic(wish: Wish) -> &'static str {
    match wish {
        Wish::Price => "مرحبا، معك سام من نورثويند. جهزت لك السعر، هل أحجز لك الزيارة الأولى المجانية؟",
        Wish::Booking => "شكرا لانتظارك. لدينا الخميس 9:20 أو الجمعة 4:30. أيهما يناسبك؟",
        Wish::Pain => "أتمنى لك الشفاء. يمكننا رؤيتك اليوم في فرع داون تاون، تفضل في أقرب وقت.",
        Wish::Change => "تم، غيرت موعدك وسيصلك التأكيد حالا.",
        Wish::Hours => "بكل سرور، نحن هنا اليوم حتى السابعة مساء.",
        Wish::Complaint => "نعتذر منك كثيرا. سنعيد لك الفرق اليوم وستتصل بك المديرة بعد الظهر.",
        Wish::Aesthetics => "شكرا لسؤالك! لدى الدكتورة أماري استشارة مجانية يوم الأربعاء الساعة 11. هل يناسبك؟",
    }
}
