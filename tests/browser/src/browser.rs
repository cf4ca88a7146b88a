//! One browser with one person in it.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::FutureExt;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::driver::Driver;
use crate::key::TAB;
use crate::look::Look;
use crate::wire::{Element, Session};

/// How long something may take to show, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(45);

/// Stops of the tab key on the longest page.
const MOST_STOPS: usize = 160;

/// Chromium that talks to nobody but the product.
const FLAGS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// Waits in the page for a visible element with a text; gives it, or nothing when the time is over. A page that loads its scripts
/// once it was shown is looked at when it has them.
const SEE: &str = r"
  const [css, text, patience, done] = arguments, since = performance.now();
  const fits = (e) => e.checkVisibility({ visibilityProperty: true }) && (e.innerText ?? e.textContent).includes(text);
  (function look() {
    const loading = document.querySelector('meta[name=module]') && !document.documentElement.hasAttribute('data-scripts');
    const found = !loading && [...document.querySelectorAll(css)].find(fits);
    if (found || performance.now() - since > patience) done(found || null);
    else setTimeout(look, 40);
  })();
";

/// The visible element with a text as the page stands now.
const LOOK: &str = r"
  const [css, text] = arguments;
  return [...document.querySelectorAll(css)].find((e) => e.checkVisibility({ visibilityProperty: true }) && (e.innerText ?? e.textContent).includes(text)) ?? null;
";

/// What the visible element with a text says.
const SAID: &str = r"
  const [css, text] = arguments;
  return [...document.querySelectorAll(css)].find((e) => e.checkVisibility({ visibilityProperty: true }) && (e.innerText ?? e.textContent).includes(text))?.innerText ?? null;
";

/// The option of a select with a text.
const OPTION: &str = r"
  const [css, text] = arguments;
  return [...(document.querySelector(css)?.options ?? [])].find((option) => option.text.includes(text)) ?? null;
";

/// A Chromium. Dropping it ends it.
pub struct Browser {
    pub(crate) session: Session,
    base: String,
    /// What the console has said so far: asking for it empties it.
    pub(crate) said: Mutex<Vec<String>>,
    /// Whether pages run their scripts.
    scripted: AtomicBool,
    // In this order: ended before its profile is removed.
    _driver: Driver,
    _profile: TempDir,
}

/// Runs a test in a browser. When it fails, a screenshot and the console are kept in the folder and named.
pub async fn watch(base: String, folder: &str, test: impl AsyncFnOnce(&Browser)) {
    let browser = Browser::open(base).await;
    if let Err(panic) = AssertUnwindSafe(test(&browser)).catch_unwind().await {
        let kept = browser.keep(Path::new(folder)).await;
        drop(browser);
        panic!("{}\n{kept}", words(panic.as_ref()));
    }
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

impl Browser {
    async fn open(base: String) -> Self {
        let driver = Driver::start();
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let own = format!("--user-data-dir={}", profile.path().display());
        let flags: Vec<&str> = FLAGS.into_iter().chain([own.as_str()]).collect();
        let capabilities = json!({
            "browserName": "chrome",
            "timeouts": { "script": (2 * PATIENCE).as_millis() as u64 },
            "goog:loggingPrefs": { "browser": "WARNING" },
            "goog:chromeOptions": { "args": flags },
        });
        let session = Session::open(&driver.url(), capabilities).await.unwrap_or_else(|no| panic!("no Chromium: {no}"));
        let (said, scripted) = (Mutex::default(), AtomicBool::new(true));
        let browser = Self { session, base, said, scripted, _driver: driver, _profile: profile };
        browser.look(Look::DESK).await;
        browser
    }

    /// Looks at the pages in another way from now on.
    pub async fn look(&self, look: Look) {
        for (command, parameters) in
            [("Emulation.setDeviceMetricsOverride", look.metrics()), ("Emulation.setEmulatedMedia", look.media())]
        {
            self.session.devtools(command, parameters).await.unwrap_or_else(|no| panic!("{command}: {no}"));
        }
    }

    /// Switches the scripts of pages off from the next one on. The driver's own go on, as long as they wait for nothing.
    pub async fn without_script(&self) {
        let off = self.session.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
        off.unwrap_or_else(|no| panic!("no way to switch scripts off: {no}"));
        self.scripted.store(false, Ordering::Relaxed);
    }

    /// Opens a page, with its fonts.
    pub async fn go(&self, path: &str) {
        let address = json!({ "url": format!("{}{path}", self.base) });
        self.session.call(Method::POST, "/url", address).await.unwrap_or_else(|no| panic!("{path}: {no}"));
        if self.scripted.load(Ordering::Relaxed) {
            self.run("return document.fonts.ready.then(() => true)").await;
        }
    }

    /// The address of the open page.
    pub async fn address(&self) -> String {
        let address = self.session.call(Method::GET, "/url", Value::Null).await;
        address.map_or_else(|no| no.to_string(), |address| address.as_str().unwrap_or_default().to_owned())
    }

    /// What a script in the page returns.
    pub async fn run(&self, script: &str) -> Value {
        self.session.run(script, json!([])).await.unwrap_or_else(|no| panic!("{script}: {no}"))
    }

    /// Waits until a visible element shows a text; any visible one when the text is empty.
    pub async fn see(&self, css: &str, text: &str) {
        self.find(css, text).await;
    }

    async fn find(&self, css: &str, text: &str) -> Element {
        let since = Instant::now();
        let mut last = "it is not there".to_owned();
        while since.elapsed() < PATIENCE {
            let looked = if self.scripted.load(Ordering::Relaxed) {
                let left = PATIENCE.saturating_sub(since.elapsed()).as_millis() as u64;
                self.session.wait(SEE, json!([css, text, left])).await
            } else {
                // Nothing in the page can wait: it is looked at again and again.
                self.session.run(LOOK, json!([css, text])).await
            };
            match looked {
                Ok(value) => {
                    if let Some(element) = Element::of(&value) {
                        return element;
                    }
                }
                // The page was left while it was looked at: the next one is looked at.
                Err(no) => last = no.to_string(),
            }
        }
        panic!("no {css} with {text:?} within {PATIENCE:?}: {last}");
    }

    /// How many elements there are right now.
    pub async fn count(&self, css: &str) -> u64 {
        let counted = self.session.run("return document.querySelectorAll(arguments[0]).length", json!([css])).await;
        counted.ok().and_then(|count| count.as_u64()).unwrap_or_else(|| panic!("{css} is no selector"))
    }

    /// Clicks on what shows a text, as soon as it is there and nothing covers it. A fragment may be replaced between the
    /// look and the click, which then goes to its successor.
    pub async fn click(&self, css: &str, text: &str) {
        let since = Instant::now();
        loop {
            match self.session.click(&self.find(css, text).await).await {
                Ok(()) => return,
                Err(no) => assert!(since.elapsed() < PATIENCE, "{css} with {text:?} cannot be clicked: {no}"),
            }
        }
    }

    /// Types into a field.
    pub async fn write(&self, css: &str, text: &str) {
        let field = self.find(css, "").await;
        self.session.type_into(&field, text).await.unwrap_or_else(|no| panic!("{css}: {no}"));
    }

    /// Types into a field in the place of what is there.
    pub async fn rewrite(&self, css: &str, text: &str) {
        let field = self.find(css, "").await;
        self.session.clear(&field).await.unwrap_or_else(|no| panic!("{css}: {no}"));
        self.session.type_into(&field, text).await.unwrap_or_else(|no| panic!("{css}: {no}"));
    }

    /// Types wherever the focus is.
    pub async fn type_out(&self, text: &str) {
        for letter in text.chars() {
            self.press(letter).await;
        }
    }

    /// Presses the tab key until the focus is on what fits; gives the number of stops.
    pub async fn tab_to(&self, css: &str) -> usize {
        let there = format!("return document.activeElement.matches({})", json!(css));
        for stop in 1..=MOST_STOPS {
            self.press(TAB).await;
            if self.run(&there).await == true {
                return stop;
            }
        }
        panic!("{MOST_STOPS} stops of the tab key do not lead to {css} at {}", self.address().await);
    }

    /// What a visible element says, as soon as one shows a text.
    pub async fn read(&self, css: &str, text: &str) -> String {
        self.see(css, text).await;
        let said = self.session.run(SAID, json!([css, text])).await.ok();
        said.as_ref().and_then(Value::as_str).unwrap_or_else(|| panic!("{css} says {text:?} no more")).to_owned()
    }

    /// An attribute of the first element that fits.
    pub async fn attribute(&self, css: &str, name: &str) -> String {
        self.see(css, "").await;
        let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? null";
        let value = self.session.run(script, json!([css, name])).await.ok();
        value.as_ref().and_then(Value::as_str).unwrap_or_else(|| panic!("{css} has no {name}")).to_owned()
    }

    /// Chooses the option of a select that shows a text.
    pub async fn choose(&self, css: &str, text: &str) {
        self.see(css, "").await;
        let option = self.session.run(OPTION, json!([css, text])).await.ok();
        let option = option.as_ref().and_then(Element::of).unwrap_or_else(|| panic!("{css} offers no {text:?}"));
        self.session.click(&option).await.unwrap_or_else(|no| panic!("{text:?} of {css}: {no}"));
    }

    /// Presses a key, wherever the focus is.
    pub async fn press(&self, key: char) {
        self.session.press(key).await.unwrap_or_else(|no| panic!("{key:?}: {no}"));
    }

    /// Signs in through the page for it.
    pub async fn sign_in(&self, email: &str, password: &str) {
        self.go("/sign-in").await;
        self.write("input[name=email]", email).await;
        self.write("input[name=password]", password).await;
        self.click("button[type=submit]", "Sign in").await;
        self.see(".rail", "Inbox").await;
    }

    /// Forgets every cookie: from now on nobody is signed in.
    pub async fn leave(&self) {
        self.session.call(Method::DELETE, "/cookie", Value::Null).await.unwrap_or_else(|no| panic!("cookies: {no}"));
    }

    /// Plugs in an authenticator that makes passkeys and knows its owner, as a laptop's own does.
    pub async fn plug_in_authenticator(&self) {
        let kind = json!({
            "protocol": "ctap2", "transport": "internal",
            "hasResidentKey": true, "hasUserVerification": true, "isUserVerified": true,
        });
        let plugged = self.session.call(Method::POST, "/webauthn/authenticator", kind).await;
        plugged.unwrap_or_else(|no| panic!("no authenticator: {no}"));
    }

    /// Keeps what the page looks like and what it said, and says where.
    async fn keep(&self, folder: &Path) -> String {
        let name = std::thread::current().name().unwrap_or("browser").replace("::", "-");
        let address = self.address().await;
        self.listen().await;
        let said = self.said.lock().expect("nobody panics with it").join("\n");
        let console = folder.join(format!("{name}.txt"));
        let picture = folder.join(format!("{name}.png"));
        let shot = self.session.devtools("Page.captureScreenshot", json!({})).await.unwrap_or_default();
        let shot = BASE64.decode(shot["data"].as_str().unwrap_or_default()).unwrap_or_default();
        let written =
            std::fs::write(&console, format!("{address}\n{said}\n")).and_then(|()| std::fs::write(&picture, shot));
        if let Err(error) = written {
            return format!("at {address}; nothing could be kept ({error}); the console said:\n{said}");
        }
        format!("at {address}\npicture: {}\nconsole: {}", picture.display(), console.display())
    }
}
