//! How our words map to the account's own: lead statuses and deal stages are editable per account, so they are read first.

use std::collections::BTreeMap;

use connectors::hubspot::calls::Property;
use serde::{Deserialize, Serialize};
use shell::{AppError, Detail};
use utoipa::ToSchema;

/// One value the account allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Choice {
    /// In calls.
    pub value: String,
    /// For people.
    pub label: String,
}

/// The mapping, with the choices the account offered when it was connected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Mapping {
    /// From `HOT`, `WARM` and `COLD` to a lead status; a tag that is not in it leaves the status alone.
    #[serde(default)]
    pub lead_status: BTreeMap<String, String>,
    /// The stage a new deal begins in.
    #[serde(default)]
    pub deal_stage: Option<String>,
    /// The lead statuses of the account.
    #[serde(default)]
    pub statuses: Vec<Choice>,
    /// The deal stages of the account.
    #[serde(default)]
    pub stages: Vec<Choice>,
}

/// For each tag the usual statuses, best first; the first one the account has and no warmer tag took is used.
const USUAL: [(&str, &[&str]); 3] = [
    ("HOT", &["OPEN_DEAL", "IN_PROGRESS", "OPEN"]),
    ("WARM", &["IN_PROGRESS", "CONNECTED", "OPEN"]),
    ("COLD", &["OPEN", "NEW", "ATTEMPTED_TO_CONTACT"]),
];

impl Mapping {
    /// The usual mapping, as far as the account allows it.
    pub(crate) fn fitting(statuses: &Property, stages: Option<&Property>) -> Self {
        let statuses = choices(statuses);
        let stages = stages.map(choices).unwrap_or_default();
        let mut lead_status: BTreeMap<String, String> = BTreeMap::new();
        for (tag, usual) in USUAL {
            let free = usual.iter().find(|value| {
                statuses.iter().any(|choice| choice.value == **value)
                    && !lead_status.values().any(|taken| taken == *value)
            });
            lead_status.extend(free.map(|value| (tag.to_owned(), (*value).to_owned())));
        }
        let first = stages.iter().find(|stage| stage.value == "appointmentscheduled").or(stages.first());
        Self { lead_status, deal_stage: first.map(|stage| stage.value.clone()), statuses, stages }
    }

    /// The same choices with what a person decided.
    pub(crate) fn decided(
        mut self,
        lead_status: Option<BTreeMap<String, String>>,
        deal_stage: Option<String>,
    ) -> Result<Self, AppError> {
        let mut wrong = Vec::new();
        if let Some(given) = lead_status {
            for (tag, value) in &given {
                let known = crate::desk::tag_of(tag).is_some();
                if !known || !self.statuses.iter().any(|choice| choice.value == *value) {
                    wrong.push(Detail::new(
                        format!("lead_status.{tag}"),
                        "is not a tag and a lead status of this account",
                    ));
                }
            }
            self.lead_status = given;
        }
        if let Some(stage) = deal_stage.filter(|stage| !stage.is_empty()) {
            if !self.stages.iter().any(|choice| choice.value == stage) {
                wrong.push(Detail::new("deal_stage", "is not a deal stage of this account"));
            }
            self.deal_stage = Some(stage);
        }
        if wrong.is_empty() { Ok(self) } else { Err(AppError::fields(wrong)) }
    }

    /// The lead status of a tag.
    pub(crate) fn status_of(&self, tag: &str) -> Option<&str> {
        self.lead_status.get(tag).map(String::as_str)
    }

    /// The tag of a lead status; the warmest when two share it.
    pub(crate) fn tag_of(&self, status: &str) -> Option<&'static str> {
        ["HOT", "WARM", "COLD"].into_iter().find(|tag| self.status_of(tag) == Some(status))
    }

    /// Whether the account has a deal stage.
    pub(crate) fn has_stage(&self, stage: &str) -> bool {
        self.stages.iter().any(|choice| choice.value == stage)
    }
}

fn choices(property: &Property) -> Vec<Choice> {
    let choice = |option: &connectors::hubspot::calls::PropertyOption| Choice {
        value: option.value.clone(),
        label: option.label.clone(),
    };
    property.options.iter().map(choice).collect()
}

#[cfg(test)]
mod tests {
    use connectors::hubspot::calls::PropertyOption;

    use super::*;

    fn property(values: &[&str]) -> Property {
        let option = |value: &&str| PropertyOption { value: (*value).to_owned(), label: value.to_lowercase() };
        let options = values.iter().map(option).collect();
        Property { name: "p".into(), label: "P".into(), kind: "enumeration".into(), options, has_unique_value: false }
    }

    #[test]
    fn the_usual_statuses_are_taken_where_the_account_has_them() {
        let all = Mapping::fitting(&property(&["NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL"]), None);
        assert_eq!(
            (all.status_of("HOT"), all.status_of("WARM"), all.status_of("COLD")),
            (Some("OPEN_DEAL"), Some("IN_PROGRESS"), Some("OPEN"))
        );
        let few = Mapping::fitting(&property(&["IN_PROGRESS", "THEIRS"]), Some(&property(&["first", "second"])));
        assert_eq!(
            (few.status_of("HOT"), few.status_of("WARM"), few.status_of("COLD")),
            (Some("IN_PROGRESS"), None, None)
        );
        assert_eq!((few.tag_of("IN_PROGRESS"), few.tag_of("THEIRS")), (Some("HOT"), None));
        assert_eq!(few.deal_stage.as_deref(), Some("first"));
    }

    #[test]
    fn a_person_may_choose_only_what_the_account_has() {
        let mapping = Mapping::fitting(&property(&["A", "B"]), None);
        let given = |value: &str| Some(BTreeMap::from([("HOT".to_owned(), value.to_owned())]));
        assert_eq!(mapping.clone().decided(given("B"), None).expect("it has B").status_of("HOT"), Some("B"));
        let refused = mapping.decided(given("C"), Some("no such stage".into())).expect_err("it has no C");
        let fields: Vec<_> = refused.details().iter().map(|detail| detail.field.clone()).collect();
        assert_eq!(fields, ["lead_status.HOT", "deal_stage"]);
    }
}
