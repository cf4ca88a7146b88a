//! What Northwind's customers may know: prices, hours, places, rules. All of it is invented.

/// Pages of the clinic's handbook: title, language, Markdown.
pub const PAGES: [(&str, &str, &str); 3] = [
    (
        "Our three locations",
        "en",
        "# Our three locations\n\n\
## Downtown\n\nNorthwind Downtown is at 120 Harbor Street, two minutes on foot from Central Station. It is open Monday to Friday from \
8 am to 7 pm and on Saturdays from 9 am to 2 pm. Patients park free of charge for two hours in the Harbor Street garage; please \
bring the ticket to reception.\n\n\
## Riverside\n\nNorthwind Riverside is at 8 Mill Lane, beside the farmers' market. It is open Monday to Thursday from 9 am to 6 pm \
and on Fridays from 9 am to 3 pm. Free parking is in front of the building. All rooms are on the ground floor and can be reached \
with a wheelchair.\n\n\
## Hillcrest\n\nNorthwind Hillcrest is at 45 Oak Avenue and is our clinic for aesthetic treatments and orthodontics. It is open \
Tuesday to Saturday from 10 am to 6 pm. The bus lines 4 and 11 stop at the door.\n\n\
## Public holidays\n\nAll locations are closed on public holidays. The emergency line is answered on every day of the year.\n",
    ),
    (
        "Appointments, payment and guarantees",
        "en",
        "# Appointments, payment and guarantees\n\n\
## Booking\n\nNew patients get a first appointment within five working days, usually sooner. A check-up with cleaning takes 50 minutes. \
Tell us which location you prefer and whether mornings or afternoons suit you, and we propose two times.\n\n\
## Changing or cancelling\n\nAppointments can be moved or cancelled free of charge until 24 hours before. Later than that we charge \
a fee of $40, except when you are ill. If you are running late, we keep your chair for 15 minutes.\n\n\
## Emergencies\n\nSevere pain, swelling, a broken tooth or bleeding that does not stop are emergencies. We keep two emergency slots \
free every day and see you the same day at Downtown or Riverside. With trouble breathing or swallowing go to the nearest hospital at once.\n\n\
## Paying\n\nWe take cards, bank transfer and cash. Treatments over $500 can be paid in 3, 6 or 12 monthly instalments without \
interest. We send the claim to your insurance for you; most plans cover two check-ups and cleanings a year in full.\n\n\
## Guarantee\n\nFillings are guaranteed for two years and crowns, veneers and implants for five years, if you come to a check-up \
once a year. A filling that comes out within that time is replaced free of charge.\n",
    ),
    (
        "Tratamientos y citas",
        "es",
        "# Tratamientos y citas\n\n\
## Horario\n\nLa clínica Downtown abre de lunes a viernes de 8 a 19 horas y los sábados de 9 a 14 horas. Los festivos están \
cerradas todas las clínicas.\n\n\
## Precios\n\nEl blanqueamiento dental cuesta 320 dólares por las dos sesiones. Un implante cuesta desde 2.400 dólares con la corona. \
La limpieza con revisión cuesta 140 dólares. La primera consulta de estética es gratuita.\n\n\
## Citas\n\nLas citas se pueden cambiar o cancelar gratis hasta 24 horas antes. Con dolor fuerte le vemos el mismo día.\n\n\
## Pago\n\nLos tratamientos de más de 500 dólares se pueden pagar a plazos en 3, 6 o 12 meses sin intereses. Hay aparcamiento \
gratuito durante dos horas.\n",
    ),
];

/// Questions customers ask, with the clinic's answers.
pub const FAQ: [(&str, &str, &str); 19] = [
    (
        "en",
        "How much is teeth whitening?",
        "Teeth whitening is $320 all in: two visits of one hour and the take-home kit.",
    ),
    (
        "en",
        "What does an implant cost?",
        "An implant costs from $2,400 with its crown. The exact price is known after a 3D scan, which is $90 and deducted later.",
    ),
    (
        "en",
        "What does Invisalign cost?",
        "Invisalign costs between $2,900 and $4,800, depending on how many aligners you need. The first scan is free.",
    ),
    (
        "en",
        "Do you offer payment plans?",
        "Yes. Treatments over $500 can be paid in 3, 6 or 12 monthly instalments without interest.",
    ),
    (
        "en",
        "Does insurance cover any of it?",
        "Most plans cover check-ups and cleanings in full and part of fillings and crowns. Whitening and aesthetic treatments are not covered. We check your plan before you decide.",
    ),
    (
        "en",
        "Are you open on Saturdays?",
        "Yes: Downtown from 9 am to 2 pm and Hillcrest from 10 am to 6 pm. Riverside is closed on Saturdays.",
    ),
    (
        "en",
        "What are your opening hours?",
        "Downtown: Monday to Friday 8 am to 7 pm, Saturday 9 am to 2 pm. Riverside: Monday to Thursday 9 am to 6 pm, Friday until 3 pm. Hillcrest: Tuesday to Saturday 10 am to 6 pm.",
    ),
    (
        "en",
        "Where can I park near the clinic?",
        "Downtown patients park free for two hours in the Harbor Street garage. Riverside has free parking in front of the building.",
    ),
    (
        "en",
        "Which location is closest to the station?",
        "Downtown, 120 Harbor Street, is two minutes on foot from Central Station.",
    ),
    (
        "en",
        "Do you take emergencies?",
        "Yes. With severe pain, swelling or a broken tooth we see you the same day at Downtown or Riverside.",
    ),
    (
        "en",
        "Can I cancel or move my appointment?",
        "Yes, free of charge until 24 hours before. Tell us your name and the day, and we propose new times.",
    ),
    (
        "en",
        "Do you do lip filler and how long does it last?",
        "Yes, at Hillcrest. Lip filler is from $450 and lasts six to twelve months. The first consultation is free.",
    ),
    (
        "en",
        "What does Botox for the forehead cost?",
        "Botox for the forehead is $280. It works after a week and lasts three to four months.",
    ),
    (
        "en",
        "Is there a consultation first?",
        "Yes. Every aesthetic treatment begins with a free consultation of 20 minutes at Hillcrest.",
    ),
    (
        "de",
        "Was kostet ein Bleaching?",
        "Ein Bleaching kostet 320 Dollar: zwei Sitzungen von einer Stunde und das Set für zu Hause.",
    ),
    (
        "de",
        "Was kostet ein Implantat?",
        "Ein Implantat kostet ab 2.400 Dollar mit Krone. Den genauen Preis nennen wir nach dem 3D-Scan.",
    ),
    ("de", "Haben Sie samstags geöffnet?", "Ja, Downtown samstags von 9 bis 14 Uhr und Hillcrest von 10 bis 18 Uhr."),
    (
        "fr",
        "Combien coûte un blanchiment ?",
        "Un blanchiment coûte 320 dollars : deux séances d'une heure et le kit pour la maison.",
    ),
    (
        "pt",
        "Quanto custa um clareamento?",
        "Um clareamento custa 320 dólares: duas sessões de uma hora e o kit para casa.",
    ),
];

/// What the clinic does: name, description, price.
pub const SERVICES: [(&str, &str, &str); 5] = [
    (
        "Check-up with cleaning",
        "A full check of teeth and gums, X-rays where needed, and a professional cleaning. 50 minutes.",
        "$140",
    ),
    (
        "Teeth whitening",
        "In-chair whitening in two visits, four shades brighter on average, with a take-home kit.",
        "$320",
    ),
    (
        "Veneers",
        "Porcelain veneers made in our own laboratory. Before and after pictures are shown in the consultation.",
        "from $980 a tooth",
    ),
    (
        "Dental implant",
        "Titanium implant with a ceramic crown, placed by Dr. Lindqvist. Two to three visits over four months.",
        "from $2,400",
    ),
    ("Lip filler", "Hyaluronic filler by Dr. Amari at Hillcrest. Lasts six to twelve months.", "from $450"),
];
