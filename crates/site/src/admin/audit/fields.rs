//! The forms of the audit: which fields stand at which place of a configuration. Pure; names are JSON pointers.

mod questions;

use crate::audit::model::{Config, Dimension, Moves, OfIndustry, OfSize, Recommendation, Source};

/// What a field looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Line,
    Text,
    Number,
    /// One of the options.
    Choice,
}

/// A field.
pub(super) struct Field {
    pub name: String,
    pub label: String,
    pub value: String,
    pub look: Look,
    pub options: Vec<(String, String)>,
}

/// Fields that belong together.
#[derive(Default)]
pub(super) struct Group {
    pub title: String,
    pub fields: Vec<Field>,
    /// Short fields in a row, such as levels.
    pub row: Vec<Field>,
    /// More of them that few need, and what they are about.
    pub more: Vec<Field>,
    pub more_title: &'static str,
    /// Whether they are seen at once.
    pub open: bool,
    /// The place, where it can be taken away.
    pub remove: String,
}

/// A form.
#[derive(Default)]
pub(super) struct Form {
    pub title: String,
    pub lead: &'static str,
    pub groups: Vec<Group>,
    /// The list that can grow, and what is added.
    pub add: String,
    pub add_label: &'static str,
    /// The place itself, where it can be taken away.
    pub remove: String,
    /// Whether the numbers of the rows add up to 100.
    pub weights: bool,
}

/// The form of a place; none where there is nothing to change.
pub(super) fn form(config: &Config, at: &str) -> Option<Form> {
    let parts: Vec<&str> = at.split('/').skip(1).collect();
    match parts[..] {
        ["dimensions"] => Some(dimensions(config)),
        ["bands"] => Some(bands(config)),
        ["assumptions"] => Some(assumptions(config)),
        ["steps", place] => {
            let place = place.parse::<usize>().ok()?;
            Some(questions::step(config.steps.get(place)?, place, at))
        }
        ["steps", step, "questions", place] => {
            let question =
                config.steps.get(step.parse::<usize>().ok()?)?.questions.get(place.parse::<usize>().ok()?)?;
            Some(questions::question(question, at))
        }
        ["recommendations", place] => {
            Some(recommendation(config.recommendations.get(place.parse::<usize>().ok()?)?, at))
        }
        ["benchmarks", place] => benchmark(config, place.parse().ok()?, at),
        _ => None,
    }
}

fn dimensions(config: &Config) -> Form {
    let group = |(place, measure): (usize, &crate::audit::model::Measure)| {
        let at = format!("/dimensions/{place}");
        let level = |(level, text): (usize, &String)| {
            Field::text(format!("{at}/levels/{level}"), format!("Level {level}"), text)
        };
        let mut fields = vec![Field::line(format!("{at}/name"), "Name", &measure.name)];
        fields.extend(measure.levels.iter().enumerate().map(level));
        let row = vec![Field::number(format!("{at}/weight"), "Weight of 100", measure.weight)];
        Group { title: measure.name.clone(), fields, row, ..Group::default() }
    };
    Form {
        title: "Weights and levels".to_owned(),
        lead: "How much each side counts in the score, and what each level looks like. The weights add up to 100.",
        groups: config.dimensions.iter().enumerate().map(group).collect(),
        weights: true,
        ..Form::default()
    }
}

fn bands(config: &Config) -> Form {
    let group = |(place, band): (usize, &crate::audit::model::Band)| {
        let at = format!("/bands/{place}");
        Group {
            title: band.name.clone(),
            fields: vec![
                Field::line(format!("{at}/name"), "Name", &band.name),
                Field::text(format!("{at}/meaning"), "What it means", &band.meaning),
            ],
            row: vec![
                Field::number(format!("{at}/from"), "From", band.from),
                Field::number(format!("{at}/to"), "To", band.to),
            ],
            ..Group::default()
        }
    };
    Form {
        title: "Ranges of the score".to_owned(),
        lead: "What a score is called. The ranges go from 0 to 100 without a gap.",
        groups: config.bands.iter().enumerate().map(group).collect(),
        ..Form::default()
    }
}

fn recommendation(one: &Recommendation, at: &str) -> Form {
    let moves =
        [Moves::MissedShare, Moves::RecoveryShare, Moves::CloseRate, Moves::Value, Moves::HoursSaved, Moves::Risk];
    let moves = moves.map(|moves| (word(moves), moves.name().to_owned()));
    let dimensions = Dimension::ALL.map(|dimension| (dimension.word().to_owned(), dimension.word().replace('_', " ")));
    let group = Group {
        title: "What is recommended".to_owned(),
        fields: vec![
            Field::line(format!("{at}/title"), "What to do", &one.title),
            Field::text(format!("{at}/why"), "Why", &one.why),
            Field::text(format!("{at}/first"), "What to do first", &one.first),
            Field::line(format!("{at}/feature"), "The part of Recoup that does it; empty for none", &one.feature),
            Field::of(format!("{at}/dimension"), "For which side", one.dimension.word(), dimensions.into()),
            Field::of(format!("{at}/moves"), "What of the forecast it moves", &word(one.moves), moves.into()),
        ],
        row: vec![
            Field::number(format!("{at}/effort_days"), "Working days", one.effort_days),
            Field::number(format!("{at}/effect"), "Effect, 1 to 5", one.effect),
            Field::number(format!("{at}/levels/0"), "From level", one.levels[0]),
            Field::number(format!("{at}/levels/1"), "To level", one.levels[1]),
        ],
        ..Group::default()
    };
    Form {
        title: one.title.clone(),
        lead: "Shown to businesses whose level lies in its range. Effect for effort decides what comes first.",
        groups: vec![group],
        remove: at.to_owned(),
        ..Form::default()
    }
}

/// The word that something is stored as.
fn word(moves: Moves) -> String {
    serde_json::to_value(moves).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn benchmark(config: &Config, place: usize, at: &str) -> Option<Form> {
    let one = config.benchmarks.get(place)?;
    let score = |(dimension, points): (&Dimension, &u8)| {
        Field::number(format!("{at}/scores/{}", dimension.word()), &dimension.word().replace('_', " "), *points)
    };
    let group = Group {
        title: "Points of 100".to_owned(),
        fields: source(&format!("{at}/source"), &one.source),
        row: one.scores.iter().map(score).collect(),
        ..Group::default()
    };
    Some(Form {
        title: format!("Comparison: {}", one.industry.as_deref().unwrap_or("all others")),
        lead: "What similar businesses look like, and where the figures come from. Say so where they are your own guess.",
        groups: vec![group],
        remove: if one.industry.is_some() { at.to_owned() } else { String::new() },
        ..Form::default()
    })
}

fn assumptions(config: &Config) -> Form {
    let presets = &config.assumptions;
    let of_industry = |(place, one): (usize, &OfIndustry)| {
        let at = format!("/assumptions/industries/{place}");
        Group {
            title: format!("Money: {}", one.industry.as_deref().unwrap_or("all others")),
            row: vec![
                Field::decimal(format!("{at}/close_rate"), "Become customers, 0 to 1", one.close_rate),
                Field::decimal(format!("{at}/value"), "Value of one", one.value),
                Field::decimal(format!("{at}/margin"), "Margin, 0 to 1", one.margin),
            ],
            ..Group::default()
        }
    };
    let of_size = |(place, one): (usize, &OfSize)| {
        let at = format!("/assumptions/sizes/{place}");
        Group {
            title: format!("Size: {}", one.size.as_deref().unwrap_or("all others")),
            row: vec![
                Field::decimal(format!("{at}/inquiries_month"), "Inquiries a month", one.inquiries_month),
                Field::decimal(format!("{at}/hours_saved_month"), "Hours saved a month", one.hours_saved_month),
                Field::decimal(format!("{at}/loaded_rate"), "Cost of an hour", one.loaded_rate),
                Field::decimal(format!("{at}/running_cost_month"), "Running cost a month", one.running_cost_month),
                Field::decimal(format!("{at}/setup_cost"), "Cost of set-up", one.setup_cost),
            ],
            ..Group::default()
        }
    };
    let missed = presets.missed_by_level.iter().enumerate().map(|(level, share)| {
        Field::decimal(
            format!("/assumptions/missed_by_level/{level}"),
            &format!("Lost at level {level}, 0 to 1"),
            *share,
        )
    });
    let shared = Group {
        title: "For all".to_owned(),
        row: missed
            .chain([
                Field::decimal("/assumptions/recovery_share".to_owned(), "Won back, 0 to 1", presets.recovery_share),
                Field::decimal("/assumptions/realisation".to_owned(), "Hours that count, 0 to 1", presets.realisation),
                Field::number("/assumptions/ramp_months".to_owned(), "Months until it works", presets.ramp_months),
            ])
            .collect(),
        ..Group::default()
    };
    let industries = presets.industries.iter().enumerate().map(of_industry);
    let sources = presets.sources.iter().map(|(of, one)| Group {
        title: format!("Where it comes from: {of}"),
        fields: source(&format!("/assumptions/sources/{of}"), one),
        ..Group::default()
    });
    Form {
        title: "What the forecast begins with".to_owned(),
        lead: "Visitors can change each of them on their result. Amounts are in the currency of the site.",
        groups: std::iter::once(shared)
            .chain(industries)
            .chain(presets.sizes.iter().enumerate().map(of_size))
            .chain(sources)
            .collect(),
        ..Form::default()
    }
}

fn source(at: &str, source: &Source) -> Vec<Field> {
    vec![
        Field::text(format!("{at}/text"), "Where it comes from", &source.text),
        Field::number(format!("{at}/year"), "Year", source.year),
        Field::yes(format!("{at}/assumed"), "It is our own guess", source.assumed),
    ]
}

impl Field {
    fn new(name: String, label: impl Into<String>, value: impl Into<String>, look: Look) -> Self {
        Self { name, label: label.into(), value: value.into(), look, options: Vec::new() }
    }

    fn line(name: String, label: &str, value: &str) -> Self {
        Self::new(name, label, value, Look::Line)
    }

    fn text(name: String, label: impl Into<String>, value: &str) -> Self {
        Self::new(name, label, value, Look::Text)
    }

    fn number(name: String, label: &str, value: impl Into<u32>) -> Self {
        Self::new(name, label, value.into().to_string(), Look::Number)
    }

    fn decimal(name: String, label: &str, value: f64) -> Self {
        Self::new(name, label, value.to_string(), Look::Number)
    }

    fn of(name: String, label: &str, value: &str, options: Vec<(String, String)>) -> Self {
        Self { options, ..Self::new(name, label, value, Look::Choice) }
    }

    fn yes(name: String, label: &str, value: bool) -> Self {
        let options = [("true", "Yes"), ("false", "No")].map(|(value, label)| (value.to_owned(), label.to_owned()));
        Self::of(name, label, if value { "true" } else { "false" }, options.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::admin::audit::apply;
    use crate::audit::config::built_in;

    #[test]
    fn what_a_form_shows_is_what_it_keeps() {
        let own = built_in();
        let mut places = vec!["/dimensions".to_owned(), "/bands".to_owned(), "/assumptions".to_owned()];
        for (step, questions) in own.steps.iter().enumerate() {
            places.push(format!("/steps/{step}"));
            places.extend((0..questions.questions.len()).map(|place| format!("/steps/{step}/questions/{place}")));
        }
        places.extend((0..own.recommendations.len()).map(|place| format!("/recommendations/{place}")));
        places.extend((0..own.benchmarks.len()).map(|place| format!("/benchmarks/{place}")));
        for at in places {
            let form = form(&own, &at).expect("a form");
            let fields =
                form.groups.into_iter().flat_map(|group| group.fields.into_iter().chain(group.row).chain(group.more));
            let given: BTreeMap<String, String> = fields.map(|field| (field.name, field.value)).collect();
            assert!(!given.is_empty(), "{at}");
            assert_eq!(apply::fields(&own, &at, &given).expect("it fits"), *own, "{at}");
        }
    }

    #[test]
    fn there_is_no_form_elsewhere() {
        for at in
            ["", "/", "/steps", "/steps/9", "/steps/x", "/steps/0/questions/99", "/recommendations/x", "/findings"]
        {
            assert!(form(&built_in(), at).is_none(), "{at}");
        }
    }
}
