//! Prints what the confidence model sees for every candidate answer, one JSON value a line, for `eval/answers/fit.py`.

use std::io::Write;

use ai::eval::{answers::candidate_lines, own_faq::businesses};

fn main() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in candidate_lines(&businesses(None)?, None) {
        writeln!(out, "{}", serde_json::to_string(&line)?)?;
    }
    Ok(())
}
