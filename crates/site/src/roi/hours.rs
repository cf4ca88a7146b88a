//! The calculator's second form: from what people spend on routine to the hours that could be saved, as the API computes them.

use shell::page::count;

use super::given::number;
use super::routine::{A_WEEK, MOST_EMPLOYEES, WEEKS_A_MONTH, routine_share, saved_share, tenths};
use crate::visit::Visit;

/// The work that is asked about: its name in the address, and on the page.
const WORK: [(&str, &str); 7] = [
    ("answering", "Answering calls and messages"),
    ("booking", "Booking appointments"),
    ("reminding", "Reminding and confirming"),
    ("following", "Following up on leads and quotes"),
    ("reviews", "Asking for reviews"),
    ("invoices", "Invoices and payments"),
    ("reports", "Reports and typing data in"),
];
const EMPLOYEES: &str = "employees";

/// The form with what was typed, and what it comes to.
pub(super) struct Hours {
    pub employees: Typed,
    pub work: Vec<Typed>,
    /// What is wrong with the hours together.
    pub problem: String,
    pub saved: Option<Saved>,
}

/// A field as it was typed.
pub(super) struct Typed {
    pub name: &'static str,
    pub label: &'static str,
    pub value: String,
    pub hint: String,
    pub error: String,
    number: f64,
}

/// What could be saved a month, of everybody together.
pub(super) struct Saved {
    pub hours: f64,
    spent: f64,
}

impl Hours {
    pub(super) fn of(visit: &Visit) -> Self {
        Self::read(|name| visit.query_value(name).unwrap_or_default())
    }

    fn read(value: impl Fn(&str) -> String) -> Self {
        let field =
            |name: &'static str, label: &'static str, hint: String, is_good: &dyn Fn(f64) -> bool, complaint: &str| {
                let value = value(name);
                let read = number(&value).filter(|number| is_good(*number));
                let error =
                    if value.trim().is_empty() || read.is_some() { String::new() } else { complaint.to_owned() };
                Typed { name, label, value, hint, error, number: read.unwrap_or_default() }
            };
        let whole = |people: f64| people.fract() == 0.0 && (1.0..=f64::from(MOST_EMPLOYEES)).contains(&people);
        let complaint = "This is a whole number from 1 to 100,000, without spaces or commas.";
        let mut employees = field(EMPLOYEES, "People who do this work", String::new(), &whole, complaint);
        let hours = |(name, label): (&'static str, &'static str)| {
            let hint = format!("{:.0} % of it is routine.", routine_share(label) * 100.0);
            let within = |hours: f64| (0.0..=A_WEEK).contains(&hours);
            field(name, label, hint, &within, "This is a number of hours from 0 to 168.")
        };
        let work: Vec<Typed> = WORK.map(hours).into();
        let week: f64 = work.iter().map(|typed| typed.number).sum();
        let is_asked = work.iter().any(|typed| !typed.value.trim().is_empty());
        if is_asked && employees.value.trim().is_empty() {
            "Say how many people it is.".clone_into(&mut employees.error);
        }
        let problem = if week > A_WEEK { "These are more than the 168 hours of a week." } else { "" };
        let is_wrong = !problem.is_empty() || work.iter().chain([&employees]).any(|typed| !typed.error.is_empty());
        let saved = (is_asked && !is_wrong).then(|| Saved::of(employees.number, &work));
        Self { employees, work, problem: problem.to_owned(), saved }
    }

    /// Whether anything was typed.
    pub(super) fn is_asked(&self) -> bool {
        self.work.iter().chain([&self.employees]).any(|typed| !typed.value.is_empty())
    }

    /// Whether something of it could not be used.
    pub(super) fn is_wrong(&self) -> bool {
        self.is_asked() && self.saved.is_none()
    }
}

impl Saved {
    fn of(people: f64, work: &[Typed]) -> Self {
        let (mut spent, mut hours) = (0.0, 0.0);
        for typed in work {
            let month = people * typed.number * WEEKS_A_MONTH;
            spent += tenths(month);
            hours += tenths(month * routine_share(typed.label));
        }
        Self { hours: tenths(hours), spent: tenths(spent) }
    }

    /// Hours spent a month, as they are read.
    pub(super) fn spent(&self) -> String {
        count(self.spent.round() as i64)
    }

    /// Hours that could be saved a month, as they are read.
    pub(super) fn hours(&self) -> String {
        count(self.hours.round() as i64)
    }

    /// What of the time could be saved, in percent.
    pub(super) fn efficiency(&self) -> String {
        format!("{} %", saved_share(self.hours, self.spent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Hours {
        Hours::read(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned()).unwrap_or_default())
    }

    #[test]
    fn hours_of_everybody_become_what_could_be_saved() {
        let hours = read(&[("employees", "6"), ("answering", "5"), ("reminding", "1.5"), ("reviews", " ")]);
        let saved = hours.saved.as_ref().expect("hours");
        // 6 people × 52/12 weeks × (5 hours, half of it routine, and 1.5 hours, seven tenths of it).
        assert!(
            (saved.hours - 92.3).abs() < 1e-9 && (saved.spent - 169.0).abs() < 1e-9,
            "{} {}",
            saved.hours,
            saved.spent
        );
        assert_eq!((saved.hours(), saved.spent(), saved.efficiency()), ("92".into(), "169".into(), "54.6 %".into()));
        assert!(hours.is_asked() && !hours.is_wrong());
    }

    #[test]
    fn slips_are_said_at_their_fields_and_come_to_nothing() {
        assert!(!read(&[]).is_asked() && !read(&[]).is_wrong());
        for (name, value) in [("employees", "0"), ("employees", "1.5"), ("answering", "169"), ("reports", "<b>")] {
            let hours = read(&[(name, value), ("employees", "2"), ("booking", "1")]);
            let errors = hours.work.iter().chain([&hours.employees]).filter(|typed| !typed.error.is_empty()).count();
            assert!(errors == 1 && hours.is_wrong() && hours.saved.is_none(), "{name} {value}");
        }
        assert!(!read(&[("booking", "1")]).employees.error.is_empty(), "of nobody");
        assert!(!read(&[("employees", "1"), ("booking", "100"), ("reports", "100")]).problem.is_empty());
    }

    #[test]
    fn every_kind_of_work_that_is_asked_about_is_one_we_know_the_share_of() {
        for (name, label) in WORK {
            assert!(routine_share(label) >= 0.5, "{name}");
        }
    }
}
