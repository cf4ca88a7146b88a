//! What a forecast is made from: each figure with its words, its unit, its bounds, and where its usual value is from.

use super::model::Assumptions;

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A number of things.
    Count,
    /// A part of a whole: 0 to 1 in the model, 0 to 100 in a form.
    Share,
    /// Of the site's currency.
    Money,
    Hours,
    Months,
}

/// One figure that somebody may change.
pub(crate) struct Input {
    /// Its name in forms and in the API.
    pub key: &'static str,
    /// Its name in a sentence, with a small letter.
    pub name: &'static str,
    pub label: &'static str,
    pub unit: Unit,
    /// From 0 to this, as the model counts it.
    pub most: f64,
    /// Where a slider ends unless the value is far along it, and how far one step of it goes; as a form counts it.
    pub reach: f64,
    pub step: f64,
    /// Where a usual value comes from.
    pub source: &'static str,
    /// More of it costs more.
    pub costs: bool,
    pub read: fn(&Assumptions) -> f64,
    pub write: fn(&mut Assumptions, f64),
}

impl Input {
    /// The value as a form shows it.
    pub(crate) fn shown(&self, assumptions: &Assumptions) -> f64 {
        let value = (self.read)(assumptions);
        let value = if self.unit == Unit::Share { value * 100.0 } else { value };
        (value * 100.0).round() / 100.0
    }

    /// A value of a form as the model counts it.
    pub(crate) fn of_form(&self, shown: f64) -> f64 {
        if self.unit == Unit::Share { shown / 100.0 } else { shown }
    }

    /// Whether the model takes a value; months are whole.
    pub(crate) fn takes(&self, value: f64) -> bool {
        (0.0..=self.most).contains(&value) && (self.unit != Unit::Months || value.fract() == 0.0)
    }

    /// What it takes up to a number, in words.
    pub(crate) fn bounds(&self, most: f64) -> String {
        let whole = if self.unit == Unit::Months { "whole " } else { "" };
        format!("a {whole}number from 0 to {}", shell::page::count(most as i64))
    }

    /// The most a form takes.
    pub(crate) fn most_shown(&self) -> f64 {
        if self.unit == Unit::Share { self.most * 100.0 } else { self.most }
    }
}

static INQUIRIES: Input = Input {
    key: "inquiriesMonth",
    name: "inquiries a month",
    label: "Inquiries a month",
    unit: Unit::Count,
    most: 1_000_000.0,
    reach: 1_000.0,
    step: 10.0,
    source: "Count calls, messages and forms of one month. Until then: our assumption, edit it.",
    costs: false,
    read: |a| a.inquiries_month,
    write: |a, value| a.inquiries_month = value,
};

static MISSED: Input = Input {
    key: "missedShare",
    name: "the share nobody answers in time",
    label: "Nobody answers in time",
    unit: Unit::Share,
    most: 1.0,
    reach: 100.0,
    step: 1.0,
    source: "23 % of 2,241 US companies never answered an online inquiry (Oldroyd, McElheran and Elkington, Harvard Business Review, \
             March 2011). Yours will differ: measure it.",
    costs: false,
    read: |a| a.missed_share,
    write: |a, value| a.missed_share = value,
};

static RECOVERY: Input = Input {
    key: "recoveryShare",
    name: "the share of those won back",
    label: "Of those, reached after all",
    unit: Unit::Share,
    most: 1.0,
    reach: 100.0,
    step: 1.0,
    source: "Our assumption, edit it: no published figure holds for every business.",
    costs: false,
    read: |a| a.recovery_share,
    write: |a, value| a.recovery_share = value,
};

static CLOSE: Input = Input {
    key: "closeRate",
    name: "the share that buys",
    label: "Of those, become customers",
    unit: Unit::Share,
    most: 1.0,
    reach: 100.0,
    step: 1.0,
    source: "From your own sales of the last three months. Until then: our assumption, edit it.",
    costs: false,
    read: |a| a.close_rate,
    write: |a, value| a.close_rate = value,
};

static VALUE: Input = Input {
    key: "value",
    name: "the value of a sale",
    label: "Value of a first sale",
    unit: Unit::Money,
    most: 10_000_000.0,
    reach: 2_000.0,
    step: 10.0,
    source: "The middle one of your invoices to new customers. Until then: our assumption, edit it.",
    costs: false,
    read: |a| a.value,
    write: |a, value| a.value = value,
};

static MARGIN: Input = Input {
    key: "margin",
    name: "the margin",
    label: "Contribution margin",
    unit: Unit::Share,
    most: 1.0,
    reach: 100.0,
    step: 1.0,
    source: "What is left of a sale after its own costs. From your accounts; until then: our assumption, edit it.",
    costs: false,
    read: |a| a.margin,
    write: |a, value| a.margin = value,
};

static HOURS: Input = Input {
    key: "hoursSavedMonth",
    name: "hours saved a month",
    label: "Hours saved a month",
    unit: Unit::Hours,
    most: 100_000.0,
    reach: 200.0,
    step: 1.0,
    source: "Our assumption, edit it: note for a week what answering, booking and reminding take.",
    costs: false,
    read: |a| a.hours_saved_month,
    write: |a, value| a.hours_saved_month = value,
};

static RATE: Input = Input {
    key: "loadedRate",
    name: "the cost of an hour",
    label: "Cost of an hour of work",
    unit: Unit::Money,
    most: 10_000.0,
    reach: 150.0,
    step: 1.0,
    source: "Wage with taxes and insurance, from your payroll. Until then: our assumption, edit it.",
    costs: false,
    read: |a| a.loaded_rate,
    write: |a, value| a.loaded_rate = value,
};

static REALISATION: Input = Input {
    key: "realisation",
    name: "the share of saved hours put to use",
    label: "Of saved hours, put to use",
    unit: Unit::Share,
    most: 1.0,
    reach: 100.0,
    step: 1.0,
    source: "Our assumption, edit it: an hour saved in pieces is not an hour earned, so never more than 100 %.",
    costs: false,
    read: |a| a.realisation,
    write: |a, value| a.realisation = value,
};

static RUNNING: Input = Input {
    key: "runningCostMonth",
    name: "the running cost",
    label: "Running cost a month",
    unit: Unit::Money,
    most: 10_000_000.0,
    reach: 2_000.0,
    step: 10.0,
    source: "Server, messages, models and care. Our assumption until you have an offer, edit it.",
    costs: true,
    read: |a| a.running_cost_month,
    write: |a, value| a.running_cost_month = value,
};

static SETUP: Input = Input {
    key: "setupCost",
    name: "the cost of setting up",
    label: "Cost of setting up, once",
    unit: Unit::Money,
    most: 100_000_000.0,
    reach: 20_000.0,
    step: 100.0,
    source: "Days of work to connect channels, calendar and prices. Our assumption until you have an offer, edit it.",
    costs: true,
    read: |a| a.setup_cost,
    write: |a, value| a.setup_cost = value,
};

static RAMP: Input = Input {
    key: "rampMonths",
    name: "months until it works fully",
    label: "Months until it works fully",
    unit: Unit::Months,
    most: 12.0,
    reach: 12.0,
    step: 1.0,
    source: "Our assumption, edit it: the effect grows evenly from nothing to all of it.",
    costs: true,
    read: |a| f64::from(a.ramp_months),
    write: |a, value| a.ramp_months = value.round() as u8,
};

/// Every figure, in the order of a form.
pub(crate) static INPUTS: [&Input; 12] =
    [&INQUIRIES, &MISSED, &RECOVERY, &CLOSE, &VALUE, &MARGIN, &HOURS, &RATE, &REALISATION, &RUNNING, &SETUP, &RAMP];

/// Those a forecast varies, the least certain one first: of figures with the same influence the first ones are taken.
pub(crate) static UNSURE_FIRST: [&Input; 11] =
    [&RECOVERY, &MISSED, &CLOSE, &VALUE, &INQUIRIES, &MARGIN, &REALISATION, &HOURS, &RATE, &SETUP, &RUNNING];

/// A figure by its key.
pub(crate) fn named(key: &str) -> Option<&'static Input> {
    INPUTS.iter().copied().find(|input| input.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roi::model::usual;

    #[test]
    fn what_a_form_shows_is_what_it_takes() {
        let usual = usual();
        for input in INPUTS {
            let mut taken = usual.clone();
            (input.write)(&mut taken, input.of_form(input.shown(&usual)));
            assert!(((input.read)(&taken) - (input.read)(&usual)).abs() < 1e-9, "{}", input.key);
            assert!(input.takes((input.read)(&usual)) && !input.takes(-1.0) && !input.takes(f64::NAN));
            assert_eq!(named(input.key).map(|found| found.label), Some(input.label));
        }
        assert!(named("nothing").is_none());
    }

    #[test]
    fn each_figure_is_kept_under_its_name_on_the_wire() {
        let mut own = usual();
        for (place, input) in INPUTS.iter().enumerate() {
            (input.write)(&mut own, if input.unit == Unit::Share { 0.01 * (place as f64) } else { place as f64 });
        }
        let wire = serde_json::to_value(&own).expect("it is an object");
        for input in INPUTS {
            assert_eq!(wire[input.key].as_f64(), Some((input.read)(&own)), "{}", input.key);
        }
    }
}
