//! What was measured, beside what must be reached.

use std::fmt;

use serde::Serialize;

/// What a value must reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    AtLeast(f64),
    AtMost(f64),
}

impl Gate {
    pub fn holds(self, value: f64) -> bool {
        match self {
            Gate::AtLeast(bound) => value >= bound,
            Gate::AtMost(bound) => value <= bound,
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gate::AtLeast(bound) => write!(f, "≥ {bound}"),
            Gate::AtMost(bound) => write!(f, "≤ {bound}"),
        }
    }
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub task: &'static str,
    pub set: String,
    pub metric: &'static str,
    pub value: f64,
    /// Texts it was measured on.
    pub texts: usize,
    /// `None` where the value is told but not judged.
    pub gate: Option<Gate>,
}

impl Row {
    pub fn new(task: &'static str, set: impl Into<String>, metric: &'static str, value: f64, texts: usize) -> Row {
        Row { task, set: set.into(), metric, value, texts, gate: None }
    }

    #[must_use]
    pub fn at_least(mut self, bound: f64) -> Row {
        self.gate = Some(Gate::AtLeast(bound));
        self
    }

    #[must_use]
    pub fn at_most(mut self, bound: f64) -> Row {
        self.gate = Some(Gate::AtMost(bound));
        self
    }

    pub fn passes(&self) -> bool {
        self.gate.is_none_or(|gate| gate.holds(self.value))
    }
}

/// All measurements of one run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// 0 without an embedder, 1 with one.
    pub tier: u8,
    pub rows: Vec<Row>,
}

impl Report {
    /// Fails with every row that stays under its gate.
    pub fn check(&self) -> anyhow::Result<()> {
        let missed: Vec<String> = self
            .rows
            .iter()
            .filter(|row| !row.passes())
            .map(|row| format!("{} · {} · {}: {:.4}", row.task, row.set, row.metric, row.value))
            .collect();
        anyhow::ensure!(
            missed.is_empty(),
            "{} of {} measurements miss their gate: {}",
            missed.len(),
            self.rows.len(),
            missed.join("; ")
        );
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "tier {}", self.tier)?;
        writeln!(f, "{:<22} {:<34} {:<30} {:>9} {:>8} {:>8}  pass", "task", "set", "metric", "value", "texts", "gate")?;
        for row in &self.rows {
            let gate = row.gate.map_or_else(|| "–".to_owned(), |gate| gate.to_string());
            let pass = match (row.gate, row.passes()) {
                (None, _) => "",
                (Some(_), true) => "yes",
                (Some(_), false) => "NO",
            };
            writeln!(
                f,
                "{:<22} {:<34} {:<30} {:>9.4} {:>8} {:>8}  {pass}",
                row.task, row.set, row.metric, row.value, row.texts, gate
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_fails_only_where_a_gate_is_missed() {
        let mut report = Report {
            tier: 0,
            rows: vec![Row::new("a", "s", "m", 0.5, 1), Row::new("b", "s", "m", 0.5, 1).at_least(0.5)],
        };
        report.check().expect("an even value passes and a row without a gate is told only");
        report.rows.push(Row::new("c", "s", "m", 0.02, 1).at_most(0.01));
        let error = report.check().expect_err("one row is over its gate").to_string();
        assert!(error.contains("c · s · m") && !error.contains("b · s"), "{error}");
        assert!(report.to_string().contains("NO"));
    }
}
