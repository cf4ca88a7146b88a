//! What the columns of a table hold, from its first rows: a guess to show, and the facts that decide which questions are asked.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dates::{self, Orders};
use super::money::{self, DecimalMark, Says};

/// Values shown of a column.
const SAMPLES: usize = 3;
/// So many values are few.
const FEW: usize = 24;
/// Characters shown of a value.
const SHOWN: usize = 60;

/// What a column seems to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Guess {
    /// Nothing in the rows looked at.
    #[default]
    Empty,
    /// Dates, or dates and times.
    Date,
    /// Amounts of money.
    Amount,
    /// Numbers.
    Number,
    /// Email addresses.
    Email,
    /// Phone numbers.
    Phone,
    /// Yes or no.
    Flag,
    /// Anything.
    Text,
}

/// A column with what was seen in it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Column {
    /// Its name; it stands once in the table.
    pub name: String,
    /// What it seems to hold.
    #[serde(rename = "type")]
    pub guess: Guess,
    /// Some of its values.
    pub samples: Vec<String>,
    /// Values seen, and how many of them were empty.
    pub seen: usize,
    /// See `seen`.
    pub empty: usize,
    /// Whether each value stood once.
    pub distinct: bool,
    /// The values, where they are few.
    pub words: Vec<String>,
    /// What its dates and amounts leave open.
    #[serde(skip)]
    pub facts: Facts,
}

/// What a column's values say of how they are written.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The orders that fit every date; none when it holds no dates of numbers.
    pub orders: Option<Orders>,
    /// Whether one value only fits one order and another only another.
    pub mixed: bool,
    /// Whether every date says its offset from UTC.
    pub offsets: bool,
    /// The only decimal mark that fits, where one does.
    pub mark: Option<DecimalMark>,
    /// Whether amounts fit both marks and nothing decides.
    pub mark_open: bool,
    /// Whether every amount names its currency.
    pub currencies: bool,
}

/// Looks at the cells of a column.
pub fn look(name: &str, cells: &[&str]) -> Column {
    let filled: Vec<&str> = cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
    let share = |is: &dyn Fn(&str) -> bool| filled.iter().filter(|cell| is(cell)).count() * 10 >= filled.len() * 9;
    let guess = if filled.is_empty() {
        Guess::Empty
    } else if share(&is_email) {
        Guess::Email
    } else if share(&|cell| is_date(cell)) {
        Guess::Date
    } else if share(&is_phone) {
        Guess::Phone
    } else if share(&is_number) {
        if filled.iter().any(|cell| is_money(cell)) { Guess::Amount } else { Guess::Number }
    } else if share(&is_flag) {
        Guess::Flag
    } else {
        Guess::Text
    };
    let distinct: std::collections::HashSet<&str> = filled.iter().copied().collect();
    let samples = filled.iter().take(SAMPLES).map(|cell| cell.chars().take(SHOWN).collect()).collect();
    Column {
        name: name.to_owned(),
        guess,
        samples,
        seen: cells.len(),
        empty: cells.len() - filled.len(),
        distinct: distinct.len() == filled.len() && filled.len() == cells.len(),
        words: words(&distinct),
        facts: facts(&filled),
    }
}

fn words(distinct: &std::collections::HashSet<&str>) -> Vec<String> {
    if distinct.len() > FEW {
        return Vec::new();
    }
    let mut words: Vec<String> = distinct.iter().map(|&word| word.to_owned()).collect();
    words.sort();
    words
}

fn facts(filled: &[&str]) -> Facts {
    // A value that is no date in any order says nothing about the order of the others.
    let orders = filled.iter().filter_map(|cell| dates::orders(cell));
    let orders: Vec<Orders> = orders.filter(|orders| *orders != Orders::default()).collect();
    let each = |is: fn(&Orders) -> bool| orders.iter().all(is);
    let fitting = Orders { ymd: each(|one| one.ymd), dmy: each(|one| one.dmy), mdy: each(|one| one.mdy) };
    let marks: Vec<Says> = filled.iter().map(|cell| money::says(cell)).collect();
    let only = |mark| marks.contains(&Says::Only(mark));
    let (point, comma) = (only(DecimalMark::Point), only(DecimalMark::Comma));
    Facts {
        orders: (!orders.is_empty()).then_some(fitting),
        mixed: !orders.is_empty() && fitting == Orders::default(),
        offsets: !filled.is_empty() && filled.iter().all(|cell| dates::has_offset(cell)),
        mark: match (point, comma) {
            (true, false) => Some(DecimalMark::Point),
            (false, true) => Some(DecimalMark::Comma),
            _ => None,
        },
        mark_open: (point && comma) || (!point && !comma && marks.contains(&Says::Either)),
        currencies: !filled.is_empty() && filled.iter().all(|cell| money::of_sign(cell).is_some()),
    }
}

fn is_email(cell: &str) -> bool {
    cell.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !cell.contains(' '))
}

fn is_date(cell: &str) -> bool {
    dates::orders(cell).is_some_and(|orders| orders != Orders::default())
        || (cell.len() >= 10 && dates::has_offset(cell) && cell.starts_with('1'))
}

fn is_phone(cell: &str) -> bool {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let dressed = cell.starts_with('+') || cell.contains(['(', '-', ' ', '/']);
    (7..=15).contains(&digits)
        && dressed
        && cell.bytes().all(|byte| byte.is_ascii_digit() || b"+-() ./".contains(&byte))
}

fn is_number(cell: &str) -> bool {
    cell.bytes().any(|byte| byte.is_ascii_digit())
        && cell.chars().filter(|c| c.is_alphabetic()).count() <= 3
        && money::minor(cell, DecimalMark::Point, kernel::money::Currency::USD)
            .or_else(|_| money::minor(cell, DecimalMark::Comma, kernel::money::Currency::USD))
            .is_ok()
}

fn is_money(cell: &str) -> bool {
    cell.contains('$') || money::of_sign(cell).is_some() || matches!(money::says(cell), Says::Only(_))
}

fn is_flag(cell: &str) -> bool {
    matches!(cell.to_ascii_lowercase().as_str(), "yes" | "no" | "true" | "false" | "y" | "n" | "0" | "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(cells: &[&str]) -> Guess {
        look("x", cells).guess
    }

    #[test]
    fn columns_are_recognised_by_nine_in_ten_values() {
        assert_eq!(guess(&["1.2.2026", "13.2.2026", ""]), Guess::Date);
        assert_eq!(guess(&["2026-01-02T03:04:05Z"]), Guess::Date);
        assert_eq!(guess(&["$12.50", "1,200.00"]), Guess::Amount);
        assert_eq!(guess(&["12", "13"]), Guess::Number);
        assert_eq!(guess(&["sam@example.com", "kim@example.org"]), Guess::Email);
        assert_eq!(guess(&["+1 555 010 0199", "(555) 010-0100"]), Guess::Phone);
        assert_eq!(guess(&["yes", "no"]), Guess::Flag);
        assert_eq!(guess(&["Whitening", "Check-up 2"]), Guess::Text);
        assert_eq!(guess(&["", " "]), Guess::Empty);
    }

    #[test]
    fn what_values_leave_open_is_known() {
        let open = look("at", &["03/04/2026", "05/06/2026"]).facts;
        assert_eq!(open.orders, Some(Orders { ymd: false, dmy: true, mdy: true }));
        let decided = look("at", &["03/04/2026", "25/06/2026"]).facts;
        assert_eq!(decided.orders, Some(Orders { ymd: false, dmy: true, mdy: false }));
        assert!(look("at", &["13/04/2026", "04/13/2026"]).facts.mixed);
        assert!(look("value", &["1,234"]).facts.mark_open);
        assert_eq!(look("value", &["1,234", "1,5"]).facts.mark, Some(DecimalMark::Comma));
        assert!(look("value", &["5 €", "EUR 7"]).facts.currencies);
    }
}
