//! What must hold for every page, whoever made it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::key::{ENTER, TAB};
use crate::look::Look;

/// Gives a list of sentences about what is wrong with the page as it stands.
const FAULTS: &str = r#"
  const wrong = [], shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
  const name = (e) => e.outerHTML.replace(/\s+/g, " ").slice(0, 120);
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) {
    const widest = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).pop();
    wrong.push(`scrolls sideways by ${wide} px because of ${widest ? name(widest) : "something"}`);
  }
  const main = document.querySelector("main");
  if (main && main.scrollWidth > main.clientWidth) {
    const edge = main.getBoundingClientRect().right + 1;
    const widest = [...main.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > edge).pop();
    wrong.push(`its main part scrolls sideways by ${main.scrollWidth - main.clientWidth} px because of ${widest ? name(widest) : "something"}`);
  }
  for (const entry of performance.getEntriesByType("resource")) {
    if (entry.responseStatus >= 400) wrong.push(`${entry.name} answers ${entry.responseStatus}`);
  }
  for (const image of document.images) if (image.complete && !image.naturalWidth) wrong.push(`broken picture ${image.src}`);
  for (const use of document.querySelectorAll("svg use")) {
    const box = use.getBBox();
    if (shown(use.ownerSVGElement) && !box.width && !box.height) wrong.push(`an icon draws nothing: ${use.getAttribute("href")}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids.filter((id, n) => ids.indexOf(id) !== n))) wrong.push(`the id ${id} is there twice`);
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (shown(field) && !field.labels?.length && !field.ariaLabel && !field.getAttribute("aria-labelledby")) wrong.push(`a field without a name: ${name(field)}`);
  }
  for (const button of document.querySelectorAll("button, a[href]:not(.skip), summary")) {
    if (!shown(button)) continue;
    if (!button.textContent.trim() && !button.ariaLabel && !button.querySelector("[alt]:not([alt=''])")) wrong.push(`nothing says what this does: ${name(button)}`);
    const box = button.getBoundingClientRect(), alone = getComputedStyle(button).display !== "inline";
    if (alone && box.height < 20) wrong.push(`${Math.round(box.height)} px are hard to hit: ${name(button)}`);
  }
  if (document.querySelectorAll("h1").length > 1) wrong.push("more than one h1");
  return wrong;
"#;

/// Whether the page is painted dark: the lightness of the paper.
const LIGHTNESS: &str = r#"
  const paper = document.createElement("canvas").getContext("2d");
  paper.fillStyle = getComputedStyle(document.body).backgroundColor;
  paper.fillRect(0, 0, 1, 1);
  const [red, green, blue] = paper.getImageData(0, 0, 1, 1).data;
  return (red + green + blue) / 765;
"#;

/// Where the focus is: what it is, and whether one can see it.
const FOCUS: &str = r#"
  const at = document.activeElement;
  // A hidden radio button and a switch are drawn by their label.
  const drawn = at.matches("input.sr, .switch input") ? at.labels[0] : at, box = drawn.getBoundingClientRect();
  const inside = box.width > 1 && box.height > 1 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
  return { skip: at.matches(".skip"), main: at.id === "main", body: at === document.body, visible: inside && drawn.checkVisibility({ opacityProperty: true, visibilityProperty: true }),
    element: at.outerHTML.replace(/\s+/g, " ").slice(0, 120) };
"#;

impl Browser {
    /// Empties the console into what was said, and gives the errors that were new.
    pub(crate) async fn listen(&self) -> Vec<String> {
        let entries =
            self.session.call(Method::POST, "/se/log", json!({ "type": "browser" })).await.unwrap_or_default();
        let mut said = self.said.lock().expect("nobody panics with it");
        let mut errors = Vec::new();
        for entry in entries.as_array().into_iter().flatten() {
            let (level, message) =
                (entry["level"].as_str().unwrap_or_default(), entry["message"].as_str().unwrap_or_default());
            if level == "SEVERE" {
                errors.push(message.to_owned());
            }
            said.push(format!("{level} {message}"));
        }
        errors
    }

    /// Fails when the page reported an error: an exception, a resource that did not come, something the policy forbids.
    pub async fn without_errors(&self) {
        let errors = self.listen().await;
        assert!(errors.is_empty(), "{} reports {errors:#?}", self.address().await);
    }

    /// Everything that is wrong with the open page, looked at in this way.
    pub async fn faults(&self, look: Look) -> Vec<String> {
        let mut faults = self.listen().await;
        let found = self.run(FAULTS).await;
        faults.extend(found.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        let lightness = self.run(LIGHTNESS).await.as_f64().unwrap_or(-1.0);
        if (lightness < 0.5) != look.dark {
            faults.push(format!("its paper is {lightness:.2} light"));
        }
        faults
    }

    /// Everything that hinders somebody without a mouse: the way past the navigation, and a focus one can see at each stop.
    pub async fn hindrances(&self, stops: usize) -> Vec<String> {
        let mut hindrances = Vec::new();
        let framed = self.count(".skip").await > 0;
        for stop in 0..stops {
            self.press(TAB).await;
            let focus = self.run(FOCUS).await;
            if focus["body"] == true {
                break;
            }
            if focus["visible"] != true {
                hindrances.push(format!("stop {stop} cannot be seen: {}", focus["element"]));
            }
            if stop == 0 && framed {
                if focus["skip"] != true {
                    hindrances.push(format!("the first stop is not the way to the page but {}", focus["element"]));
                }
                self.press(ENTER).await;
                if self.run(FOCUS).await["main"] != true {
                    hindrances.push("the way to the page does not lead there".to_owned());
                }
            }
        }
        hindrances
    }
}
