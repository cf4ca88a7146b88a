//! What a configuration must be before it is published. Each complaint says where, in words of the desk.

use std::collections::BTreeSet;

use crate::audit::model::{Choice, Config, Dimension, Kind, Part, Presets, Question, Source};

/// The contact at the end is the twelfth.
const MOST_QUESTIONS: usize = 11;
const MOST_STEPS: usize = 4;
const MOST_CHOICES: usize = 20;
const MOST_RECOMMENDATIONS: usize = 100;
const LONGEST_LINE: usize = 200;
const LONGEST_TEXT: usize = 600;

/// Whether a configuration can be published.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn check(config: &Config) -> Result<(), Vec<String>> {
    let mut complaints = Complaints::default();
    steps(config, &mut complaints);
    parts(config, &mut complaints);
    dimensions(config, &mut complaints);
    bands(config, &mut complaints);
    benchmarks(config, &mut complaints);
    recommendations(config, &mut complaints);
    presets(config, &mut complaints);
    if complaints.0.is_empty() { Ok(()) } else { Err(complaints.0) }
}

#[derive(Default)]
struct Complaints(Vec<String>);

impl Complaints {
    fn unless(&mut self, good: bool, what: impl FnOnce() -> String) {
        if !good {
            self.0.push(what());
        }
    }

    /// A text that is there and not too long.
    fn text(&mut self, of: &str, text: &str, longest: usize) {
        self.unless(!text.trim().is_empty(), || format!("{of} is empty"));
        self.unless(text.chars().count() <= longest, || format!("{of} is longer than {longest} characters"));
    }

    fn source(&mut self, of: &str, source: &Source) {
        self.text(&format!("the source of {of}"), &source.text, LONGEST_TEXT);
        self.unless((1900..=2100).contains(&source.year), || format!("the year of the source of {of} is no year"));
    }

    fn share(&mut self, of: &str, value: f64) {
        self.unless((0.0..=1.0).contains(&value), || format!("{of} is not between 0 and 1"));
    }

    fn amount(&mut self, of: &str, value: f64) {
        self.unless((0.0..=100_000_000.0).contains(&value), || format!("{of} is not an amount of 0 or more"));
    }
}

fn is_id(id: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=40).contains(&id.len()) && id.bytes().all(letter)
}

fn steps(config: &Config, complaints: &mut Complaints) {
    let (steps, questions) = (config.steps.len(), config.questions().count());
    complaints
        .unless((1..=MOST_STEPS).contains(&steps), || format!("there are {steps} pages; 1 to {MOST_STEPS} are shown"));
    complaints.unless(questions <= MOST_QUESTIONS, || {
        format!("there are {questions} questions; {MOST_QUESTIONS} and the contact are the most")
    });
    for (place, step) in config.steps.iter().enumerate() {
        let name = format!("page {}", place + 1);
        complaints.text(&format!("the title of {name}"), &step.title, LONGEST_LINE);
        complaints.unless(step.lead.chars().count() <= LONGEST_TEXT, || {
            format!("the sentence under the title of {name} is longer than {LONGEST_TEXT} characters")
        });
        complaints.unless(!step.questions.is_empty(), || format!("{name} asks nothing"));
    }
    let mut known = BTreeSet::new();
    for one in config.questions() {
        complaints.unless(known.insert(&one.id), || format!("two questions have the id {}", one.id));
        question(one, complaints);
    }
}

fn question(one: &Question, complaints: &mut Complaints) {
    let name = format!("the question {}", one.id);
    complaints.unless(is_id(&one.id), || format!("{name} needs an id of small letters, digits and underscores"));
    complaints.text(&name, &one.label, LONGEST_LINE);
    let choices = one.choices.len();
    match one.kind {
        Kind::Number => complaints.unless(choices == 0, || format!("{name} asks for a number and has choices")),
        Kind::One | Kind::Many => complaints.unless((2..=MOST_CHOICES).contains(&choices), || {
            format!("{name} has {choices} choices; 2 to {MOST_CHOICES} are shown")
        }),
    }
    complaints.unless(!one.own_words || one.kind == Kind::Many, || {
        format!("{name} takes own words, which only a question with several answers can")
    });
    let mut known = BTreeSet::new();
    for choice in &one.choices {
        complaints.unless(known.insert(&choice.id), || format!("two choices of {name} have the id {}", choice.id));
        answer(&name, choice, complaints);
        complaints.unless(!choice.none || one.kind == Kind::Many, || {
            format!("the choice {} of {name} stands for none of the others, where only one can be chosen", choice.id)
        });
    }
    if let Some(counted) = &one.counted {
        let grows = counted.at.is_sorted() && counted.at[0] >= 1;
        complaints.unless(one.kind == Kind::Many && grows, || format!("the counts of {name} do not grow from 1"));
    }
}

fn answer(of: &str, choice: &Choice, complaints: &mut Complaints) {
    let name = format!("the choice {} of {of}", choice.id);
    complaints.unless(is_id(&choice.id), || format!("{name} needs an id of small letters, digits and underscores"));
    complaints.text(&name, &choice.label, LONGEST_LINE);
    complaints.unless(choice.levels.values().all(|level| *level <= 4), || format!("{name} has a level over 4"));
    for dimension in Dimension::ALL {
        let (lifts, lowers) = (choice.lifts.contains(&dimension), choice.lowers.contains(&dimension));
        let word = dimension.word();
        complaints.unless(!(lifts && lowers), || format!("{name} makes {word} both better and worse"));
        complaints.unless(!(choice.none && (lifts || lowers)), || {
            format!("{name} stands for none of the others and makes {word} better or worse")
        });
    }
}

fn parts(config: &Config, complaints: &mut Complaints) {
    let of = |part: Part| config.questions().filter(move |question| question.part == Some(part));
    for (part, kind, name) in [
        (Part::Industry, Kind::One, "the kind of business"),
        (Part::CompanySize, Kind::One, "the size"),
        (Part::CurrentSystems, Kind::Many, "the systems in use"),
        (Part::PainPoints, Kind::Many, "the pain points"),
        (Part::Kpis, Kind::Many, "the figures that are looked at"),
    ] {
        let right = of(part).count() == 1 && of(part).all(|question| question.kind == kind);
        complaints.unless(right, || format!("{name} must be asked once, with the right kind of question"));
    }
    for (part, kind, name) in
        [(Part::Channels, Kind::Many, "the channels"), (Part::Volume, Kind::Number, "the number of inquiries")]
    {
        let right = of(part).count() <= 1 && of(part).all(|question| question.kind == kind);
        complaints.unless(right, || format!("{name} can be asked once, with the right kind of question"));
    }
    for (part, name) in [(Part::Industry, "the kind of business"), (Part::CompanySize, "the size")] {
        let required =
            of(part).all(|question| question.required && question.choices.iter().any(|one| one.id == "other"));
        complaints.unless(required, || format!("{name} must be required, with the choice other"));
    }
}

fn dimensions(config: &Config, complaints: &mut Complaints) {
    let named: Vec<Dimension> = config.dimensions.iter().map(|measure| measure.dimension).collect();
    complaints.unless(named == Dimension::ALL, || "the dimensions must be the eight, in their order".to_owned());
    let weights: u32 = config.dimensions.iter().map(|measure| measure.weight.min(1_000)).sum();
    complaints.unless(weights == 100, || format!("the weights add up to {weights}, not to 100"));
    for measure in &config.dimensions {
        let word = measure.dimension.word();
        complaints.text(&format!("the name of {word}"), &measure.name, LONGEST_LINE);
        for (level, text) in measure.levels.iter().enumerate() {
            complaints.text(&format!("level {level} of {word}"), text, LONGEST_TEXT);
        }
        let asked = config.questions().any(|question| speaks_of(question, measure.dimension));
        complaints.unless(asked, || format!("no question gives a level of {word}"));
    }
}

fn speaks_of(question: &Question, dimension: Dimension) -> bool {
    question.counted.as_ref().is_some_and(|counted| counted.dimension == dimension)
        || question.choices.iter().any(|choice| choice.levels.contains_key(&dimension))
}

fn bands(config: &Config, complaints: &mut Complaints) {
    let ranges: Vec<(u8, u8)> = config.bands.iter().map(|band| (band.from, band.to)).collect();
    let joined = ranges.windows(2).all(|pair| pair[0].1.checked_add(1) == Some(pair[1].0));
    let whole = ranges.len() == 4
        && ranges.first().is_some_and(|first| first.0 == 0)
        && ranges.last().is_some_and(|last| last.1 == 100)
        && ranges.iter().all(|(from, to)| from <= to);
    complaints.unless(joined && whole, || "the bands must be four that go from 0 to 100 without a gap".to_owned());
    for band in &config.bands {
        complaints.text(&format!("the name of the band from {}", band.from), &band.name, LONGEST_LINE);
        complaints.text(&format!("the meaning of the band from {}", band.from), &band.meaning, LONGEST_TEXT);
    }
}

/// The choices of the question for a part.
fn choices(config: &Config, part: Part) -> BTreeSet<&str> {
    let questions = config.questions().filter(|question| question.part == Some(part));
    questions.flat_map(|question| &question.choices).map(|choice| choice.id.as_str()).collect()
}

fn benchmarks(config: &Config, complaints: &mut Complaints) {
    let industries = choices(config, Part::Industry);
    for benchmark in &config.benchmarks {
        let industry = benchmark.industry.as_deref();
        let name = format!("the benchmark of {}", industry.unwrap_or("all others"));
        complaints.unless(industry.is_none_or(|id| industries.contains(id)), || format!("{name} is for nobody"));
        let whole =
            benchmark.scores.len() == Dimension::ALL.len() && benchmark.scores.values().all(|score| *score <= 100);
        complaints.unless(whole, || format!("{name} needs a score of 0 to 100 for each dimension"));
        complaints.source(&name, &benchmark.source);
    }
    once(config.benchmarks.iter().map(|one| one.industry.as_deref()), "benchmark", complaints);
    for finding in &config.findings {
        complaints.text("a finding", &finding.text, LONGEST_TEXT);
        complaints.source("a finding", &finding.source);
        let known = finding.industries.iter().all(|id| industries.contains(id.as_str()));
        complaints.unless(known, || format!("a finding is for a business that is not asked about: {}", finding.text));
    }
}

/// One for all others, and none twice.
fn once<'a>(ids: impl Iterator<Item = Option<&'a str>>, what: &str, complaints: &mut Complaints) {
    let all: Vec<_> = ids.collect();
    let distinct: BTreeSet<_> = all.iter().copied().collect();
    complaints.unless(distinct.len() == all.len(), || format!("there are two of one {what}"));
    complaints.unless(distinct.contains(&None), || format!("the {what} for all others is missing"));
}

fn recommendations(config: &Config, complaints: &mut Complaints) {
    let all = &config.recommendations;
    complaints.unless(all.len() <= MOST_RECOMMENDATIONS, || {
        format!("there are {} recommendations; {MOST_RECOMMENDATIONS} are the most", all.len())
    });
    let pains = choices(config, Part::PainPoints);
    let mut known = BTreeSet::new();
    for one in all {
        let name = format!("the recommendation {}", one.id);
        complaints.unless(is_id(&one.id) && known.insert(&one.id), || format!("{name} needs an id of its own"));
        for (what, text) in [("title", &one.title), ("reason", &one.why), ("first step", &one.first)] {
            complaints.text(&format!("the {what} of {name}"), text, LONGEST_TEXT);
        }
        complaints.unless((1..=60).contains(&one.effort_days), || format!("{name} takes 1 to 60 days"));
        complaints.unless((1..=5).contains(&one.effect), || format!("{name} has an effect of 1 to 5"));
        let [from, to] = one.levels;
        complaints.unless(from <= to && to <= 4, || format!("{name} needs its first and last level, 0 to 4"));
        let answers = one.answers.iter().all(|pain| pains.contains(pain.as_str()));
        complaints.unless(answers, || format!("{name} answers a pain point that is not asked about"));
    }
    for dimension in Dimension::ALL {
        for level in 0..=4 {
            let told =
                all.iter().any(|one| one.dimension == dimension && (one.levels[0]..=one.levels[1]).contains(&level));
            complaints.unless(told, || format!("nothing is recommended for {} at level {level}", dimension.word()));
        }
    }
}

fn presets(config: &Config, complaints: &mut Complaints) {
    let Presets { industries, sizes, missed_by_level, recovery_share, realisation, ramp_months, sources } =
        &config.assumptions;
    once(industries.iter().map(|one| one.industry.as_deref()), "business’s assumptions", complaints);
    once(sizes.iter().map(|one| one.size.as_deref()), "size’s assumptions", complaints);
    let (known, known_sizes) = (choices(config, Part::Industry), choices(config, Part::CompanySize));
    for one in industries {
        let name = one.industry.as_deref().unwrap_or("all others");
        complaints.unless(one.industry.as_deref().is_none_or(|id| known.contains(id)), || {
            format!("{name} is not asked about")
        });
        complaints.share(&format!("the closing rate of {name}"), one.close_rate);
        complaints.share(&format!("the margin of {name}"), one.margin);
        complaints.amount(&format!("the value of a customer of {name}"), one.value);
    }
    for one in sizes {
        let name = one.size.as_deref().unwrap_or("all other sizes");
        complaints.unless(one.size.as_deref().is_none_or(|id| known_sizes.contains(id)), || {
            format!("{name} is not asked about")
        });
        for (what, value) in [
            ("inquiries a month", one.inquiries_month),
            ("hours saved a month", one.hours_saved_month),
            ("cost of an hour", one.loaded_rate),
            ("running cost a month", one.running_cost_month),
            ("cost of setting up", one.setup_cost),
        ] {
            complaints.amount(&format!("{what} of {name}"), value);
        }
    }
    for (level, share) in missed_by_level.iter().enumerate() {
        complaints.share(&format!("the share that gets no answer at level {level}"), *share);
    }
    complaints.share("the share that is won back", *recovery_share);
    complaints.share("the share of hours that counts", *realisation);
    complaints.unless(*ramp_months <= 12, || "it takes more than 12 months until it works".to_owned());
    for (of, source) in sources {
        complaints.source(of, source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::config::built_in;

    fn complaints(change: impl FnOnce(&mut Config)) -> String {
        let mut config = (*built_in()).clone();
        change(&mut config);
        check(&config).expect_err("it is wrong").join("\n")
    }

    #[test]
    fn the_programs_own_is_right() {
        assert_eq!(check(&built_in()), Ok(()));
    }

    #[test]
    fn a_configuration_survives_being_stored() {
        let own = built_in();
        let stored = serde_json::to_value(&*own).expect("it is an object");
        assert_eq!(serde_json::from_value::<Config>(stored).expect("it reads"), *own);
    }

    #[test]
    fn weights_that_do_not_add_up_are_said_with_their_sum() {
        assert!(complaints(|config| config.dimensions[0].weight += 3).contains("add up to 103"));
        assert!(complaints(|config| config.dimensions.swap(0, 1)).contains("in their order"));
    }

    #[test]
    fn too_many_questions_pages_and_choices_are_refused() {
        let more = complaints(|config| {
            let mut step = config.steps[3].clone();
            for (place, question) in step.questions.iter_mut().enumerate() {
                question.id = format!("more_{place}");
                question.part = None;
            }
            config.steps.push(step);
        });
        assert!(more.contains("5 pages") && more.contains("13 questions"), "{more}");
        assert!(complaints(|config| config.steps[0].questions[0].choices.truncate(1)).contains("has 1 choices"));
    }

    #[test]
    fn ids_that_clash_or_lead_elsewhere_are_refused() {
        assert!(complaints(|config| config.steps[0].questions[1].id = "industry".to_owned()).contains("two questions"));
        assert!(complaints(|config| config.steps[0].questions[2].id = "../x".to_owned()).contains("needs an id"));
        assert!(
            complaints(|config| config.steps[0].questions[2].choices[1].id = "phone".to_owned())
                .contains("two choices")
        );
    }

    #[test]
    fn a_choice_that_says_two_things_at_once_is_refused() {
        let both = |config: &mut Config| {
            let choice = &mut config.steps[1].questions[0].choices[0];
            choice.lowers = choice.lifts.clone();
        };
        assert!(complaints(both).contains("makes lead_capture both better and worse"));
        let none = |config: &mut Config| config.steps[1].questions[0].choices[0].none = true;
        assert!(complaints(none).contains("stands for none of the others and makes lead_capture"));
        let one = |config: &mut Config| config.steps[0].questions[0].choices[0].none = true;
        assert!(complaints(one).contains("where only one can be chosen"));
        assert!(complaints(|config| config.steps[0].lead = "x".repeat(601)).contains("under the title of page 1"));
        assert!(complaints(|config| config.steps[2].title.clear()).contains("the title of page 3 is empty"));
    }

    #[test]
    fn a_gap_is_found_wherever_it_is() {
        assert!(complaints(|config| config.bands[1].from = 30).contains("without a gap"));
        assert!(
            complaints(|config| config.recommendations.retain(|one| one.id != "holdout"))
                .contains("follow_up at level 4")
        );
        assert!(complaints(|config| config.benchmarks.retain(|one| one.industry.is_some())).contains("for all others"));
        assert!(complaints(|config| config.steps[3].questions[0].counted = None).contains("level of data"));
        assert!(complaints(|config| config.assumptions.sizes.clear()).contains("for all others"));
        assert!(
            complaints(|config| config.steps[0].questions[0].choices.retain(|one| one.id != "other"))
                .contains("choice other")
        );
    }

    #[test]
    fn figures_out_of_bounds_are_refused() {
        assert!(complaints(|config| config.assumptions.industries[0].margin = 1.5).contains("between 0 and 1"));
        assert!(complaints(|config| config.assumptions.sizes[0].setup_cost = f64::NAN).contains("not an amount"));
        assert!(complaints(|config| config.recommendations[0].effort_days = 0).contains("1 to 60 days"));
        assert!(complaints(|config| config.benchmarks[0].source.text.clear()).contains("is empty"));
    }
}
