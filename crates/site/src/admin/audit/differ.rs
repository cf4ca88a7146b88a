//! What differs between two versions of the audit, place by place. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::audit::model::Config;

/// Differences that are shown.
const MOST: usize = 300;

/// A place that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Such as `dimensions › response › weight`.
    pub place: String,
    /// Empty where it was not there.
    pub before: String,
    /// Empty where it is gone.
    pub after: String,
}

/// The differences, and how many more there are than are shown.
pub(super) fn between(before: &Config, after: &Config) -> (Vec<Difference>, usize) {
    let (before, after) = (flat(before), flat(after));
    let places = before.keys().chain(after.keys().filter(|place| !before.contains_key(*place)));
    let mut all: Vec<Difference> = places
        .filter(|place| before.get(*place) != after.get(*place))
        .map(|place| Difference {
            place: place.clone(),
            before: before.get(place).cloned().unwrap_or_default(),
            after: after.get(place).cloned().unwrap_or_default(),
        })
        .collect();
    let more = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    (all, more)
}

fn flat(config: &Config) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    // A configuration is plain data: there is nothing in it that has no form as JSON.
    gather("", &serde_json::to_value(config).unwrap_or_default(), &mut out);
    out
}

fn gather(place: &str, value: &Value, out: &mut BTreeMap<String, String>) {
    let inside = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place} › {name}") };
    match value {
        Value::Object(parts) => parts.iter().for_each(|(name, value)| gather(&inside(name), value, out)),
        Value::Array(rows) if rows.iter().any(Value::is_object) => {
            rows.iter().enumerate().for_each(|(at, row)| gather(&inside(&name_of(row, at)), row, out));
        }
        Value::String(text) => drop(out.insert(place.to_owned(), text.clone())),
        other => drop(out.insert(place.to_owned(), other.to_string())),
    }
}

/// What a row is known by, so that one put in between moves no others.
fn name_of(row: &Value, at: usize) -> String {
    let names = ["id", "dimension", "industry", "size", "title", "name"];
    let known = names.into_iter().find_map(|name| row.get(name)?.as_str());
    known.map_or_else(|| format!("no. {}", at + 1), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::config::built_in;

    #[test]
    fn a_change_is_found_at_its_place() {
        let before = built_in();
        let mut after = (*before).clone();
        assert_eq!(between(&before, &after), (Vec::new(), 0));
        after.dimensions[1].weight += 1;
        after.recommendations.remove(0);
        let (all, more) = between(&before, &after);
        assert_eq!(more, 0);
        let weight = all.iter().find(|one| one.place.ends_with("› weight")).expect("a weight differs");
        assert_eq!(weight.place, "dimensions › response › weight");
        assert_ne!(weight.before, weight.after);
        let gone = all.iter().filter(|one| one.place.starts_with("recommendations › "));
        assert!(gone.clone().count() > 3 && gone.clone().all(|one| one.after.is_empty()), "the others did not move");
    }
}
