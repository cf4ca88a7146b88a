//! Which plan fits: the site's own plans, and the visitor says who would look after it.

use serde_json::Value;

use super::said::Said;
use super::{Flow, Known, Saying, Turn, choice, menu};

/// A plan of the pricing page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::assistant) struct Plan {
    pub name: String,
    /// The price in words.
    pub price: String,
    /// For whom it is, in a few words; empty where the name says it.
    pub audience: String,
    /// What it means, in a sentence.
    pub note: String,
    /// What is in it.
    pub includes: Vec<String>,
}

/// The most of what is in a plan that is read out.
const MOST_POINTS: usize = 4;

/// The plans in the fields of the pricing page; what has no name is none.
pub(in crate::assistant) fn plans(fields: &Value) -> Vec<Plan> {
    let list = fields.get("plans").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let plan = |value: &Value| {
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| value.get(*name)?.as_str());
            found.map(str::trim).unwrap_or_default().to_owned()
        };
        let points = ["includes", "points", "features"].iter().find_map(|name| value.get(*name)?.as_array());
        let includes = points.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        let plan = Plan {
            name: text(&["name"]),
            price: text(&["price"]),
            audience: text(&["for", "audience"]),
            note: text(&["note", "summary"]),
            includes,
        };
        (!plan.name.is_empty()).then_some(plan)
    };
    list.iter().filter_map(plan).collect()
}

/// Asks which of them it is.
pub(super) fn begin(flow: &mut Flow, known: &Known<'_>) -> Turn {
    flow.run = None;
    if let [only] = known.plans {
        return recommend(flow, only, known);
    }
    flow.choosing_plan = true;
    let label = |plan: &Plan| if plan.audience.is_empty() { plan.name.clone() } else { plan.audience.clone() };
    let choices = known.plans.iter().enumerate().map(|(place, plan)| choice(&format!("p:{place}"), &label(plan)));
    Saying::new("Who would set it up and look after it? Choose what is closest.").offering(choices.collect()).into()
}

/// All plans with their prices.
pub(super) fn prices(flow: &mut Flow, known: &Known<'_>) -> Turn {
    flow.choosing_plan = false;
    let line = |plan: &Plan| {
        let price = plan.price.trim_end_matches('.');
        if price.is_empty() { plan.name.clone() } else { format!("{}: {price}", plan.name) }
    };
    let lines: Vec<String> = known.plans.iter().map(line).collect();
    let saying = Saying::new(lines.join("\n")).linking("All plans and prices", "/pricing");
    saying.offering(menu(flow, known)).into()
}

/// Takes the answer; none where it is something else.
pub(super) fn choose(flow: &mut Flow, said: &Said, known: &Known<'_>) -> Option<Turn> {
    let by_choice = said.chosen("p:").next().and_then(|place| place.parse::<usize>().ok());
    let words = said.text().to_lowercase();
    let by_name = || known.plans.iter().position(|plan| !words.is_empty() && plan.name.to_lowercase() == words);
    let by_place = || words.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
    let plan = known.plans.get(by_choice.or_else(by_name).or_else(by_place)?)?;
    Some(recommend(flow, plan, known))
}

fn recommend(flow: &mut Flow, plan: &Plan, known: &Known<'_>) -> Turn {
    flow.choosing_plan = false;
    let price = if plan.price.is_empty() { String::new() } else { format!(" ({})", plan.price.trim_end_matches('.')) };
    let points: Vec<&str> = plan.includes.iter().take(MOST_POINTS).map(|point| point.trim_end_matches('.')).collect();
    let points = if points.is_empty() { String::new() } else { format!(" In it: {}.", points.join("; ")) };
    let note = if plan.note.is_empty() { String::new() } else { format!(" {}", plan.note) };
    let text = format!("Then it is “{}”{price}.{note}{points}", plan.name);
    let mut saying = Saying::new(text).linking("All plans and prices", "/pricing");
    if known.booking {
        saying = saying.linking("Book a conversation", "/book");
    }
    saying.offering(menu(flow, known).into_iter().filter(|choice| choice.id != "plan").collect()).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plans_are_read_from_the_fields_of_a_page_whatever_else_they_have() {
        let fields = json!({"plans": [
            {"name": "Self-hosted", "price": "Free", "for": "You run it yourself", "includes": ["Everything", 7, "The source"]},
            {"price": "no name"},
            "not a plan",
        ]});
        let plan = Plan {
            name: "Self-hosted".into(),
            price: "Free".into(),
            audience: "You run it yourself".into(),
            note: String::new(),
            includes: vec!["Everything".into(), "The source".into()],
        };
        assert_eq!(plans(&fields), [plan]);
        assert_eq!(plans(&json!({"plans": "soon"})), []);
        assert_eq!(plans(&json!(null)), []);
    }
}
