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

/// Questions customers ask, with the clinic's answers, as a table of language, question and answer.
const QUESTIONS: &str = include_str!("questions.csv");

/// One of them.
#[derive(serde::Deserialize)]
pub struct Asked {
    /// ISO 639-1.
    pub language: String,
    /// As customers ask it.
    pub question: String,
    /// As the clinic answers.
    pub answer: String,
}

/// All of them, in the order of the table.
pub fn questions() -> Vec<Asked> {
    let rows = csv::Reader::from_reader(QUESTIONS.as_bytes()).into_deserialize();
    rows.collect::<Result<_, _>>().expect("the table is part of the program")
}

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
