//! The gate of tier 0: on the project's own sets always, on the public ones where `RECOUP_EVAL_DATA` names their folder.

use ai::eval::{Options, run};

#[test]
fn every_local_stage_reaches_its_gate() {
    let data = std::env::var_os("RECOUP_EVAL_DATA").map(Into::into);
    let report = run(&Options { data, ..Options::default() }).unwrap();
    println!("{report}");
    let judged = |task: &str| report.rows.iter().any(|row| row.task == task && row.gate.is_some());
    for task in ["topics", "urgency", "injection", "spam", "personal data", "retrieval", "answers", "blocking"] {
        assert!(judged(task), "{task} is not judged");
    }
    report.check().unwrap();
}
