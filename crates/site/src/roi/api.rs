//! `POST /v2/calculator/roi`: what published forms send, and the forecast they get.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shell::{AppError, Detail, Json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::inputs::{INPUTS, named};
use super::model::{Assumptions, Case, Forecast, forecast, usual};
use super::routine::{A_WEEK, MOST_EMPLOYEES, WEEKS_A_MONTH, routine_share, saved_share, tenths};
use crate::core::Core;
use crate::cors;
use crate::inquiries::rate;
use crate::once;
use crate::visit::Visit;

/// Calculations an hour and address.
const AN_HOUR: u32 = 600;
const MOST_PROCESSES: usize = 20;
const LONGEST_NAME: usize = 80;

/// The routes.
pub(super) fn router(core: &Core) -> OpenApiRouter<Core> {
    let router = once::keyed(core, OpenApiRouter::new().routes(routes!(calculate_roi)));
    cors::open(router, &["/v2/calculator/roi"])
}

/// What is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RoiRequest)]
struct RoiIn {
    /// People who do the work, 1 to 100,000.
    #[schema(minimum = 1, maximum = 100_000)]
    employees: u32,
    /// What they do besides the trade itself, such as `answering inquiries`; at most 20 names of at most 80 characters.
    processes: Vec<String>,
    /// Hours a week that one of them spends on each, by the names above.
    time_spent: BTreeMap<String, f64>,
    /// Figures that are known better, by their names: any of the assumptions of the answer, and `inquiriesMonth` to count sales too.
    #[serde(default)]
    assumptions: BTreeMap<String, f64>,
}

/// What it comes to. Money is in major units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoiAnswer)]
struct RoiOut {
    /// A year at full effect, before costs: the time put to use, and margin won back where inquiries were given.
    potential_savings: f64,
    /// Once.
    implementation_cost: f64,
    /// Months until what was spent has come back, ramp-up included; null where that takes more than ten years.
    payback_period: Option<f64>,
    /// Of the time given, what could be saved, in percent.
    efficiency: f64,
    currency: String,
    low: Case,
    base: Case,
    high: Case,
    /// What the forecast rests on; what was not given is our assumption.
    assumptions: Assumptions,
    /// The three figures that low and high move by 25 %.
    #[schema(value_type = Vec<String>)]
    largest: [&'static str; 3],
    processes: Vec<ProcessOut>,
}

/// What one process takes and what of it could be saved.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoiProcess)]
struct ProcessOut {
    name: String,
    /// Of everybody together.
    hours_month: f64,
    /// The share of it that is routine: our assumption, by the name.
    routine_share: f64,
    hours_saved_month: f64,
}

/// Calculate what routine work costs and what saving it would be worth.
#[utoipa::path(post, path = "/v2/calculator/roi", tag = "site", security(()), request_body = RoiIn,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of your own: what is sent again with \
    them within 24 hours has no second effect and gets its first answer")),
    responses((status = 200, body = RoiOut)))]
async fn calculate_roi(
    visit: Visit,
    State(core): State<Core>,
    Json(given): Json<RoiIn>,
) -> Result<Json<RoiOut>, AppError> {
    rate::check(&core, &visit, "calculator", AN_HOUR).await?;
    if !visit.site.flags.calculator {
        return Err(AppError::not_found("calculator"));
    }
    let processes = given.processes()?;
    let assumptions = given.assumptions(&processes)?;
    Ok(Json(RoiOut::of(&forecast(&assumptions), processes, &visit.site.settings.currency)))
}

impl RoiIn {
    /// What was named, with its hours; names that are given twice count once.
    fn processes(&self) -> Result<Vec<ProcessOut>, AppError> {
        let mut wrong = Vec::new();
        let mut complain = |field: String, reason: &str| wrong.push(Detail::new(field, reason));
        if !(1..=MOST_EMPLOYEES).contains(&self.employees) {
            complain("employees".to_owned(), "is a whole number from 1 to 100,000");
        }
        let too_many = [
            ("processes", self.processes.len() > MOST_PROCESSES, "has at most 20 names"),
            ("timeSpent", self.time_spent.len() > MOST_PROCESSES, "has at most 20 names"),
            ("assumptions", self.assumptions.len() > INPUTS.len(), "has more names than there are assumptions"),
        ];
        for (field, holds, reason) in too_many {
            if holds {
                complain(field.to_owned(), reason);
            }
        }
        // What is beyond all bounds is not looked at one by one.
        if too_many.iter().any(|(_, holds, _)| *holds) {
            return Err(AppError::fields(wrong));
        }
        for (n, name) in self.processes.iter().enumerate() {
            if name.trim().is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
                complain(format!("processes.{n}"), "is a name of 1 to 80 characters in one line");
            }
        }
        let mut sum = 0.0;
        for (n, (name, hours)) in self.time_spent.iter().enumerate() {
            // What was typed as a name is not repeated: it may be anything.
            if !self.processes.contains(name) {
                complain(format!("timeSpent.{n}"), "is not the name of one of the processes");
            }
            if !(0.0..=A_WEEK).contains(hours) {
                complain(format!("timeSpent.{n}"), "is a number of hours from 0 to 168");
            }
            sum += hours;
        }
        if sum > A_WEEK {
            complain("timeSpent".to_owned(), "is more than the 168 hours of a week in all");
        }
        if !wrong.is_empty() {
            return Err(AppError::fields(wrong));
        }
        let mut found: Vec<ProcessOut> = Vec::new();
        for name in &self.processes {
            if found.iter().all(|known| known.name != *name) {
                let hours = self.time_spent.get(name).copied().unwrap_or_default();
                found.push(ProcessOut::of(name, f64::from(self.employees) * hours * WEEKS_A_MONTH));
            }
        }
        Ok(found)
    }

    /// What the forecast rests on: the hours of the processes, what was given, and our assumptions. Without a number of inquiries
    /// nothing is said about sales.
    fn assumptions(&self, processes: &[ProcessOut]) -> Result<Assumptions, AppError> {
        let saved = processes.iter().map(|process| process.hours_saved_month).sum();
        let mut made = Assumptions { inquiries_month: 0.0, hours_saved_month: saved, ..usual() };
        let mut wrong = Vec::new();
        for (n, (name, value)) in self.assumptions.iter().enumerate() {
            match named(name) {
                None => wrong.push(Detail::new(format!("assumptions.{n}"), "is not the name of an assumption")),
                Some(input) if input.takes(*value) => (input.write)(&mut made, *value),
                Some(input) => {
                    let reason = format!("is {}", input.bounds(input.most));
                    wrong.push(Detail::new(format!("assumptions.{}", input.key), reason));
                }
            }
        }
        if wrong.is_empty() { Ok(made.clamped()) } else { Err(AppError::fields(wrong)) }
    }
}

impl ProcessOut {
    fn of(name: &str, hours_month: f64) -> Self {
        let routine_share = routine_share(name);
        Self {
            name: name.to_owned(),
            hours_month: tenths(hours_month),
            routine_share,
            hours_saved_month: tenths(hours_month * routine_share),
        }
    }
}

impl RoiOut {
    fn of(forecast: &Forecast, processes: Vec<ProcessOut>, currency: &str) -> Self {
        let Forecast { low, base, high, assumptions, largest } = forecast.clone();
        let spent: f64 = processes.iter().map(|process| process.hours_month).sum();
        let saved: f64 = processes.iter().map(|process| process.hours_saved_month).sum();
        Self {
            potential_savings: cents((base.hours_value_month + base.recovered_margin_month) * 12.0),
            implementation_cost: cents(assumptions.setup_cost),
            payback_period: base.payback_months,
            efficiency: saved_share(saved, spent),
            currency: currency.to_owned(),
            low,
            base,
            high,
            assumptions,
            largest,
            processes,
        }
    }
}

fn cents(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn asked(body: Value) -> RoiIn {
        serde_json::from_value(body).expect("a request")
    }

    fn answered(body: Value) -> Result<Value, Vec<String>> {
        let given = asked(body);
        let out = given.processes().and_then(|processes| {
            let assumptions = given.assumptions(&processes)?;
            Ok(RoiOut::of(&forecast(&assumptions), processes, "USD"))
        });
        match out {
            Ok(out) => Ok(serde_json::to_value(out).expect("an object")),
            Err(error) => Err(error.details().iter().map(|detail| detail.field.clone()).collect()),
        }
    }

    #[test]
    fn hours_of_everybody_become_savings_with_what_was_assumed() {
        let body = json!({
            "employees": 6, "processes": ["Answering inquiries", "Gardening"],
            "timeSpent": { "Answering inquiries": 5, "Gardening": 2 }
        });
        let answer = answered(body).expect("an answer");
        // 6 people × 5 hours × 52/12 weeks, half of it routine; 6 × 2 × 52/12, three tenths of it.
        assert_eq!(answer["processes"][0]["hoursMonth"], 130.0);
        assert_eq!(answer["processes"][0]["hoursSavedMonth"], 65.0);
        assert_eq!(answer["processes"][1]["hoursSavedMonth"], 15.6);
        // 80.6 hours × 35 × 60 % × 12 months.
        assert_eq!(answer["potentialSavings"], 20_311.2);
        assert_eq!((&answer["implementationCost"], &answer["efficiency"]), (&json!(1_400.0), &json!(44.3)));
        assert_eq!(answer["base"]["recoveredMarginMonth"], 0.0, "nothing is said about sales");
        assert!(
            answer["paybackPeriod"].is_number()
                && answer["low"]["netYear"].as_f64() < answer["high"]["netYear"].as_f64()
        );
    }

    #[test]
    fn what_is_known_better_replaces_what_is_assumed() {
        let body = json!({
            "employees": 1, "processes": [], "timeSpent": {},
            "assumptions": { "inquiriesMonth": 100, "setupCost": 0, "runningCostMonth": 0, "rampMonths": 0 }
        });
        let answer = answered(body).expect("an answer");
        assert_eq!((&answer["efficiency"], &answer["paybackPeriod"]), (&json!(0.0), &json!(0.0)));
        assert_eq!(answer["base"]["recoveredMarginMonth"], 215.63);
        assert_eq!(answer["base"]["roiPercent"], Value::Null);
    }

    #[test]
    fn every_field_that_is_wrong_is_named_and_no_typed_name_is_repeated() {
        let body = json!({
            "employees": 0, "processes": ["", "x".repeat(81), "a\nb", "ok"],
            "timeSpent": { "<script>": 1, "ok": -1 },
            "assumptions": { "margin": 2, "rampMonths": 1.5, "<b>": 1 }
        });
        let fields = answered(body).expect_err("refused");
        let expected = ["employees", "processes.0", "processes.1", "processes.2", "timeSpent.0", "timeSpent.1"];
        assert_eq!(fields, expected);
        let body = json!({ "employees": 1, "processes": ["ok"], "timeSpent": {},
            "assumptions": { "margin": 2, "rampMonths": 1.5, "<b>": 1 } });
        assert_eq!(
            answered(body).expect_err("refused"),
            ["assumptions.0", "assumptions.margin", "assumptions.rampMonths"]
        );
        let names: Vec<String> = (0..50_000).map(|n| n.to_string()).collect();
        let hours: BTreeMap<String, f64> = names.iter().map(|name| (format!("x{name}"), 1.0)).collect();
        let body = json!({ "employees": 1, "processes": names, "timeSpent": hours });
        assert_eq!(answered(body).expect_err("refused"), ["processes", "timeSpent"], "not each of them");
        let body = json!({ "employees": 1, "processes": ["a", "b"], "timeSpent": { "a": 100, "b": 100 } });
        assert_eq!(answered(body).expect_err("refused"), ["timeSpent"]);
    }

    proptest! {
        #[test]
        fn more_people_never_save_less(people in 1_u32..50_000, more in 0_u32..50_000, hours in 0.0..168.0_f64) {
            let savings = |employees: u32| {
                let body = json!({ "employees": employees, "processes": ["calls"], "timeSpent": { "calls": hours } });
                answered(body).expect("an answer")["potentialSavings"].as_f64().expect("a number")
            };
            prop_assert!(savings(people) <= savings(people + more));
        }
    }
}
