//! The public retrieval sets, where `RECOUP_EVAL_DATA` names their folder; the project's own set always.

use ai::eval::{Options, run};

#[test]
fn retrieval_and_answers_reach_their_gates() {
    let data = std::env::var_os("RECOUP_EVAL_DATA").map(Into::into);
    let only = vec!["retrieval".to_owned(), "answers".to_owned()];
    let report = run(&Options { data, only, ..Options::default() }).unwrap();
    println!("{report}");
    assert!(report.rows.iter().filter(|row| row.gate.is_some()).count() >= 4);
    report.check().unwrap();
}
