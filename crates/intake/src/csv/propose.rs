//! A first mapping for a table, from the names of its columns and what they hold; and the questions it leaves.

use connectors::signal::SignalKind;

use super::columns::{Column, Guess};
use super::dates::{DateOrder, Orders, words};
use super::mapping::{Answers, Mapping, Origin, Question};
use super::{FIELDS, money};

/// Names that columns are given, by the field they mean. The first that fits is taken.
const NAMES: [(&str, &[&str]); 9] = [
    (
        "external_id",
        &[
            "externalid",
            "id",
            "orderid",
            "order",
            "ordernumber",
            "orderno",
            "invoice",
            "invoiceid",
            "invoicenumber",
            "invoiceno",
            "transactionid",
            "transaction",
            "reference",
            "paymentid",
            "bookingid",
            "callid",
            "leadid",
            "number",
            "uuid",
            "no",
            "nr",
        ],
    ),
    (
        "at",
        &[
            "at",
            "date",
            "datetime",
            "timestamp",
            "time",
            "created",
            "createdat",
            "createdon",
            "paidat",
            "orderdate",
            "paymentdate",
            "invoicedate",
            "bookingdate",
            "calldate",
            "day",
            "when",
            "datum",
        ],
    ),
    ("kind", &["kind", "type", "event", "eventtype", "signal", "activity"]),
    ("source", &["source", "channel", "origin", "leadsource", "utmsource"]),
    ("location", &["location", "branch", "store", "site", "office", "shop", "practice", "clinic"]),
    (
        "contact",
        &[
            "contact",
            "email",
            "emailaddress",
            "customeremail",
            "mail",
            "phone",
            "phonenumber",
            "mobile",
            "customerphone",
            "tel",
            "telephone",
            "customer",
            "customerid",
            "contactid",
            "clientid",
        ],
    ),
    ("lead", &["lead", "leadref", "leadkey", "opportunity", "opportunityid", "deal", "dealid", "enquiry", "quoteid"]),
    (
        "value",
        &[
            "value",
            "amount",
            "total",
            "price",
            "paid",
            "net",
            "gross",
            "sum",
            "revenue",
            "amountpaid",
            "grandtotal",
            "ordertotal",
            "betrag",
            "summe",
        ],
    ),
    ("currency", &["currency", "currencycode", "ccy", "waehrung", "iso"]),
];

/// The field that a column's name means.
pub fn field_of(name: &str) -> Option<&'static str> {
    if let Some(exact) = FIELDS.iter().find(|field| **field == name) {
        return Some(exact);
    }
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    NAMES.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(field, _)| *field)
}

/// Whether the columns are exactly fields of `POST /v2/signals`: then nothing has to be asked about the mapping.
pub fn is_certain(columns: &[Column]) -> bool {
    let known = |name: &str| FIELDS.contains(&name) || name.starts_with("data.") && name.len() > 5;
    let has = |name: &str| columns.iter().any(|column| column.name == name);
    has("external_id") && has("at") && has("kind") && columns.iter().all(|column| known(&column.name))
}

/// A first mapping. What no column fits is left out, to be asked.
pub fn mapping(columns: &[Column]) -> Mapping {
    let mut proposed = Mapping::default();
    for (field, names) in NAMES {
        let fits = |column: &&Column| match field {
            "at" => matches!(column.guess, Guess::Date),
            "value" => matches!(column.guess, Guess::Amount | Guess::Number),
            "external_id" => column.distinct,
            "kind" => column.words.iter().any(|word| kind_of(word).is_some()),
            _ => column.guess != Guess::Empty,
        };
        let exact = columns.iter().find(|column| column.name == field);
        let plain = |column: &Column| -> String {
            column.name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let named = || names.iter().find_map(|name| columns.iter().filter(fits).find(|column| plain(column) == *name));
        let holding = || match field {
            "at" => columns.iter().find(|column| column.guess == Guess::Date),
            "value" => columns.iter().find(|column| column.guess == Guess::Amount),
            // A column of few words, of which half or more are what signals are.
            "kind" => columns.iter().find(|column| {
                let known = column.words.iter().filter(|word| kind_of(word).is_some()).count();
                known > 0 && known * 2 >= column.words.len()
            }),
            "contact" => columns
                .iter()
                .find(|column| column.guess == Guess::Email)
                .or_else(|| columns.iter().find(|column| column.guess == Guess::Phone)),
            _ => None,
        };
        let Some(column) = exact.or_else(named).or_else(holding) else { continue };
        let mut origin = Origin::column(&column.name);
        if field == "kind" && exact.is_none() {
            let meanings = column.words.iter().filter_map(|word| Some((word.clone(), kind_of(word)?)));
            origin.values = meanings.map(|(word, kind)| (word, kind.as_str().to_owned())).collect();
        }
        proposed.0.insert(field.to_owned(), origin);
    }
    for column in columns.iter().filter(|column| column.name.starts_with("data.") && column.name.len() > 5) {
        proposed.0.insert(column.name.clone(), Origin::column(&column.name));
    }
    proposed
}

/// The kind that a word of a table means.
pub fn kind_of(word: &str) -> Option<SignalKind> {
    let plain: String = word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Some(match plain.as_str() {
        "lead" | "enquiry" | "inquiry" | "form" | "request" => SignalKind::Lead,
        "response" | "reply" | "answer" => SignalKind::Response,
        "call" | "phonecall" => SignalKind::Call,
        "quote" | "estimate" | "proposal" | "offer" => SignalKind::Quote,
        "booking" | "appointment" | "reservation" | "booked" => SignalKind::Booking,
        "noshow" | "missed" => SignalKind::NoShow,
        "payment" | "sale" | "paid" | "charge" | "order" | "invoice" | "deposit" => SignalKind::Payment,
        "refund" | "refunded" | "creditnote" | "chargeback" => SignalKind::Refund,
        "review" | "rating" => SignalKind::Review,
        "adspend" | "spend" | "cost" => SignalKind::AdSpend,
        "visit" | "visits" | "session" | "pageview" => SignalKind::Visit,
        _ => return None,
    })
}

/// The order of a date column, where its values leave one.
pub fn order_of(orders: Orders) -> Option<DateOrder> {
    match (orders.ymd, orders.dmy, orders.mdy) {
        (true, false, false) => Some(DateOrder::Ymd),
        (false, true, false) => Some(DateOrder::Dmy),
        (false, false, true) => Some(DateOrder::Mdy),
        _ => None,
    }
}

/// What has to be asked before rows can be read by a mapping.
pub fn questions(columns: &[Column], mapping: &Mapping, answers: &Answers) -> Vec<Question> {
    let mut asked = Vec::new();
    let column = |field: &str| {
        let name = mapping.of(field)?.column.as_deref()?;
        columns.iter().find(|column| column.name == name)
    };
    if mapping.of("external_id").is_none() {
        asked.push(Question::new(
            "mapping.external_id",
            "Which column names each row and no other? Without one, rows can be told apart by all they say.",
            &["{\"row\": true}"],
        ));
    }
    if mapping.of("at").is_none() {
        asked.push(Question::new("mapping.at", "Which column says when it happened?", &[]));
    }
    if mapping.of("kind").is_none() {
        let kinds = SignalKind::ALL.map(SignalKind::as_str);
        asked.push(Question::new("mapping.kind", "What is a row of this table?", &kinds));
    }
    if let Some(dates) = column("at").filter(|_| answers.date_order.is_none()).map(|column| &column.facts) {
        let open = dates.orders.is_some_and(|orders| order_of(orders).is_none());
        if open && dates.mixed {
            asked.push(Question::new(
                "date_order",
                "The dates are written in more than one order. Which one counts? Rows in another are kept aside.",
                &["dmy", "mdy", "ymd"],
            ));
        } else if open {
            let shown = column("at").and_then(|column| column.samples.first().cloned()).unwrap_or_default();
            let text = format!(
                "Which order do the dates have? {shown} can be {} or {}.",
                words(DateOrder::Dmy),
                words(DateOrder::Mdy)
            );
            asked.push(Question::new("date_order", text, &["dmy", "mdy", "ymd"]));
        }
    }
    if let Some(amounts) = column("value").map(|column| &column.facts) {
        if amounts.mark_open && answers.decimal_mark.is_none() {
            asked.push(Question::new(
                "decimal_mark",
                "What stands before the decimals of the amounts?",
                &["point", "comma"],
            ));
        }
        if mapping.of("currency").is_none() && !amounts.currencies && answers.currency.is_none() {
            asked.push(Question::new("currency", "In which currency are the amounts?", &[]));
        }
    }
    if let Some(code) = answers.currency.as_deref().filter(|code| money::currency(code).is_none()) {
        asked.push(Question::new(
            "currency",
            format!("{code} is not a currency that is in use. Which one is meant?"),
            &[],
        ));
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::super::columns::look;
    use super::*;

    fn table(columns: &[(&str, &[&str])]) -> Vec<Column> {
        columns.iter().map(|(name, cells)| look(name, cells)).collect()
    }

    fn fields(questions: &[Question]) -> Vec<&str> {
        questions.iter().map(|question| question.field.as_str()).collect()
    }

    #[test]
    fn the_names_of_our_own_fields_leave_no_question() {
        let columns = table(&[
            ("external_id", &["p1"]),
            ("at", &["2026-01-02T00:00:00Z"]),
            ("kind", &["payment"]),
            ("value", &["12.50"]),
            ("currency", &["EUR"]),
            ("data.rating", &["5"]),
        ]);
        assert!(is_certain(&columns));
        let mapping = mapping(&columns);
        assert_eq!(mapping.0.len(), 6);
        assert!(questions(&columns, &mapping, &Answers::default()).is_empty());
    }

    #[test]
    fn a_shops_table_is_proposed_and_its_open_ends_are_asked() {
        let columns = table(&[
            ("Order No", &["17", "18"]),
            ("Order date", &["03/04/2026", "05/06/2026"]),
            ("Customer e-mail", &["sam@example.com", "kim@example.com"]),
            ("Type", &["Sale", "Refund"]),
            ("Total", &["1,234", "5,678"]),
        ]);
        assert!(!is_certain(&columns));
        let mapping = mapping(&columns);
        assert_eq!(mapping.of("at"), Some(&Origin::column("Order date")));
        assert_eq!(mapping.of("contact"), Some(&Origin::column("Customer e-mail")));
        assert_eq!(mapping.of("kind").expect("a kind").values["Sale"], "payment");
        let asked = questions(&columns, &mapping, &Answers::default());
        assert_eq!(fields(&asked), ["date_order", "decimal_mark", "currency"]);
        let answers = Answers {
            date_order: Some(DateOrder::Dmy),
            currency: Some("XXQ".into()),
            decimal_mark: Some(money::DecimalMark::Point),
            ..Answers::default()
        };
        assert_eq!(fields(&questions(&columns, &mapping, &answers)), ["currency"]);
    }
}
