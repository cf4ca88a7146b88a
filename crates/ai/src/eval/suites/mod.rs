//! One file a suite; [`all`] is the order of the report.

mod answers;
mod blocking;
mod customers;
mod emotion;
mod injection;
mod intents;
mod language;
mod personal;
mod retrieval;
mod spam;
mod speed;

use super::bench::Suite;

/// Every suite of the local stages.
pub fn all() -> Vec<Box<dyn Suite>> {
    vec![
        Box::new(language::Languages),
        Box::new(emotion::Sentiment),
        Box::new(emotion::Emotions),
        Box::new(intents::OwnIntents),
        Box::new(customers::Customers),
        Box::new(injection::Injection),
        Box::new(spam::Spam),
        Box::new(personal::PersonalData),
        Box::new(retrieval::Retrieval),
        Box::new(answers::Answers),
        Box::new(blocking::Blocking),
        Box::new(speed::Speed),
    ]
}
