//! Which column fills which field of a signal, and the answers to what a file does not say itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::FIELDS;
use super::dates::DateOrder;
use super::money::DecimalMark;

/// Where a field's value comes from: one of a column, a fixed value, or the row itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Origin {
    /// The name of a column, as the preview gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The same value for every row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What the column's words mean: `{"Sale": "payment"}`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Of `external_id` alone: made from the whole row. Two rows that are the same are one signal then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub row: bool,
}

impl Origin {
    /// From a column.
    pub fn column(name: impl Into<String>) -> Self {
        Self { column: Some(name.into()), ..Self::default() }
    }

    /// The same for every row.
    pub fn fixed(value: impl Into<String>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }
}

/// From fields of a signal (`external_id`, `at`, `kind`, `source`, `location`, `contact`, `lead`, `value`, `currency`,
/// `data.…`) to where their values come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Mapping(pub BTreeMap<String, Origin>);

impl Mapping {
    /// Where a field comes from.
    pub fn of(&self, field: &str) -> Option<&Origin> {
        self.0.get(field)
    }

    /// What is wrong with it for a table of these columns: the field, and why.
    pub fn problems(&self, columns: &[String]) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        for (field, origin) in &self.0 {
            let known = FIELDS.contains(&field.as_str())
                || field.strip_prefix("data.").is_some_and(|name| !name.is_empty() && name.len() <= 64);
            let given =
                usize::from(origin.column.is_some()) + usize::from(origin.value.is_some()) + usize::from(origin.row);
            let why = if !known {
                "is not a field of a signal"
            } else if given != 1 {
                "needs one of column and value"
            } else if origin.row && field != "external_id" {
                "cannot be made from the row"
            } else if origin.column.as_ref().is_some_and(|column| !columns.contains(column)) {
                "names a column that the file does not have"
            } else {
                continue;
            };
            wrong.push((format!("mapping.{field}"), why.to_owned()));
        }
        for needed in ["external_id", "at", "kind"] {
            if !self.0.contains_key(needed) {
                wrong.push((format!("mapping.{needed}"), "is required".to_owned()));
            }
        }
        wrong
    }
}

/// What a person answered where a file leaves a choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    /// The order of day, month and year, where the dates can be read in two.
    pub date_order: Option<DateOrder>,
    /// The time zone of times without an offset, such as `Europe/Berlin`; the organisation's when absent.
    pub time_zone: Option<String>,
    /// The currency of amounts that do not name one (ISO 4217).
    pub currency: Option<String>,
    /// What stands before decimals, where the amounts fit both.
    pub decimal_mark: Option<DecimalMark>,
}

impl Answers {
    /// These, and where they say nothing those others.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        Self {
            date_order: self.date_order.or(others.date_order),
            time_zone: self.time_zone.or_else(|| others.time_zone.clone()),
            currency: self.currency.or_else(|| others.currency.clone()),
            decimal_mark: self.decimal_mark.or(others.decimal_mark),
        }
    }
}

/// Something a file does not say and a person has to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Question {
    /// What answers it: a field of the request such as `date_order`, or of the mapping such as `mapping.kind`.
    pub field: String,
    /// The question, for a person.
    pub text: String,
    /// What can be answered; empty when anything can.
    pub options: Vec<String>,
}

impl Question {
    /// A question.
    pub fn new(field: impl Into<String>, text: impl Into<String>, options: &[&str]) -> Self {
        Self { field: field.into(), text: text.into(), options: options.iter().map(|&one| one.to_owned()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_says_what_is_wrong_with_it() {
        let columns = ["Id".to_owned(), "When".to_owned()];
        let mapping: Mapping = serde_json::from_value(serde_json::json!({
            "external_id": {"column": "Id"}, "at": {"column": "Wen"}, "colour": {"value": "red"},
            "kind": {"column": "Id", "value": "payment"}, "data.": {"value": "x"}, "lead": {"row": true},
        }))
        .expect("a mapping");
        let fields: Vec<_> = mapping.problems(&columns).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["mapping.at", "mapping.colour", "mapping.data.", "mapping.kind", "mapping.lead"]);
        assert_eq!(Mapping::default().problems(&columns).len(), 3, "what every signal has is required");
        assert!(serde_json::from_str::<Mapping>(r#"{"at": {"colum": "x"}}"#).is_err());
    }
}
