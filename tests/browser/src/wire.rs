//! The WebDriver protocol as far as it is needed: JSON over HTTP to chromedriver, one session.

use reqwest::Method;
use serde_json::{Value, json};

/// The key under which an element stands in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Why a command failed, in the driver's words.
#[derive(Debug)]
pub(crate) struct Refusal(String);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An element of the open page; it goes stale when its fragment is replaced.
pub(crate) struct Element(String);

/// An open browser.
pub(crate) struct Session {
    client: reqwest::Client,
    url: String,
}

impl Session {
    /// Opens a browser with these capabilities.
    pub(crate) async fn open(driver: &str, capabilities: Value) -> Result<Self, Refusal> {
        #[expect(clippy::disallowed_methods, reason = "a caller from outside, without breaker and retries")]
        let client = reqwest::Client::builder().no_proxy().build().map_err(|error| Refusal(error.to_string()))?;
        let mut session = Self { client, url: format!("{driver}/session") };
        let wanted = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let opened = session.call(Method::POST, "", wanted).await?;
        let id = opened["sessionId"].as_str().ok_or_else(|| Refusal(format!("no session: {opened}")))?;
        session.url = format!("{driver}/session/{id}");
        Ok(session)
    }

    /// Any command: its path below the session.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Result<Value, Refusal> {
        let request = self.client.request(method.clone(), format!("{}{path}", self.url));
        let request = if method == Method::POST { request.json(&body) } else { request };
        let answer = async { request.send().await?.json::<Value>().await }.await;
        let mut answer = answer.map_err(|error| Refusal(error.to_string()))?;
        let value = answer["value"].take();
        if value["error"].is_string() {
            return Err(Refusal(format!("{}: {}", value["error"], value["message"])));
        }
        Ok(value)
    }

    /// What a script returns; a promise is waited for.
    pub(crate) async fn run(&self, script: &str, arguments: Value) -> Result<Value, Refusal> {
        self.call(Method::POST, "/execute/sync", json!({ "script": script, "args": arguments })).await
    }

    /// What a script hands to its last argument, the callback.
    pub(crate) async fn wait(&self, script: &str, arguments: Value) -> Result<Value, Refusal> {
        self.call(Method::POST, "/execute/async", json!({ "script": script, "args": arguments })).await
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Result<Value, Refusal> {
        self.call(Method::POST, "/goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// Clicks in the middle of an element; refused when something covers it.
    pub(crate) async fn click(&self, element: &Element) -> Result<(), Refusal> {
        self.call(Method::POST, &format!("/element/{}/click", element.0), json!({})).await.map(drop)
    }

    /// Empties a field.
    pub(crate) async fn clear(&self, element: &Element) -> Result<(), Refusal> {
        self.call(Method::POST, &format!("/element/{}/clear", element.0), json!({})).await.map(drop)
    }

    /// Types into an element.
    pub(crate) async fn type_into(&self, element: &Element, text: &str) -> Result<(), Refusal> {
        self.call(Method::POST, &format!("/element/{}/value", element.0), json!({ "text": text })).await.map(drop)
    }

    /// Presses and lets go of a key, wherever the focus is.
    pub(crate) async fn press(&self, key: char) -> Result<(), Refusal> {
        let presses = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": presses }] });
        self.call(Method::POST, "/actions", actions).await.map(drop)
    }
}

impl Element {
    /// The element a script returned, if it is one.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        Some(Self(value[ELEMENT].as_str()?.to_owned()))
    }
}
