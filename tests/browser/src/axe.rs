//! What axe finds on the open page: the rules of WCAG 2.2 at level AA, and those of good practice.

use serde_json::{Value, json};

use crate::browser::Browser;

/// Whether it is in the page already. It comes as a script of the driver's, which no policy of the page forbids.
const HAS: &str = "return Boolean(window.axe)";
/// Asks it; gives sentences.
const ASK: &str = r"
  const [done] = arguments;
  axe.run(document, { resultTypes: ['violations'] }).then(
    ({ violations }) => done(violations.map(({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.slice(0, 4).map(({ html }) => html.replace(/\s+/g, ' ').slice(0, 160)).join(' | ')}`)),
    (error) => done([`axe failed: ${error}`]));
";

impl Browser {
    /// Everything that axe finds wrong with the open page. `source` is its program.
    pub async fn axe(&self, source: &str) -> Vec<String> {
        if self.run(HAS).await != true {
            self.session.run(source, json!([])).await.unwrap_or_else(|no| panic!("axe: {no}"));
        }
        let found = self.session.wait(ASK, json!([])).await.unwrap_or_else(|no| panic!("axe: {no}"));
        let sentences = found.as_array().into_iter().flatten();
        sentences.filter_map(Value::as_str).map(str::to_owned).collect()
    }
}
