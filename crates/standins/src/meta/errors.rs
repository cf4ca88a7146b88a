//! Graph API errors, in the envelope the platform uses. Clients must branch on `code` and `error_subcode`; the HTTP
//! status is only usually right.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// One Graph error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphError {
    /// The HTTP status.
    pub status: u16,
    /// The code.
    pub code: i64,
    /// The subcode, where there is one.
    pub subcode: Option<i64>,
    /// The message.
    pub message: String,
    /// WhatsApp's further words.
    pub details: Option<String>,
}

impl GraphError {
    /// An error with a code only.
    pub fn new(status: u16, code: i64, message: &str) -> Self {
        Self { status, code, subcode: None, message: message.to_owned(), details: None }
    }

    /// The same with a subcode.
    #[must_use]
    pub fn detail(mut self, subcode: i64) -> Self {
        self.subcode = Some(subcode);
        self
    }

    /// A parameter that is missing or wrong.
    pub fn parameter(what: &str) -> Self {
        Self::new(400, 100, &format!("(#100) {what}"))
    }

    /// No object with this id, or none that this token may see.
    pub fn no_object(id: &str) -> Self {
        let message = format!(
            "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation"
        );
        Self::new(400, 100, &message).detail(33)
    }

    /// A WhatsApp error by its code.
    pub fn whatsapp(code: i64) -> Self {
        let (status, message, details) = whatsapp_words(code);
        Self { status, code, subcode: None, message: format!("(#{code}) {message}"), details: Some(details.to_owned()) }
    }

    /// WhatsApp's item for webhooks: status errors and unsupported messages.
    pub fn webhook_item(code: i64) -> Value {
        let (_, title, details) = whatsapp_words(code);
        json!({
            "code": code, "title": title, "message": title, "error_data": { "details": details },
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        })
    }

    /// A known error by the name the fault plan uses: `613`, `10/2018278`, `131056`.
    pub fn named(name: &str) -> Option<Self> {
        let mut numbers = name.split('/');
        let code: i64 = numbers.next()?.parse().ok()?;
        let subcode: Option<i64> = numbers.next().and_then(|text| text.parse().ok());
        if code == 80007 || code > 100_000 {
            return Some(Self::whatsapp(code));
        }
        let (status, message) = match (code, subcode) {
            (1, _) => (500, "An unknown error has occurred."),
            (2, _) => (503, "Service temporarily unavailable"),
            (4, _) => (400, "(#4) Application request limit reached"),
            (10, Some(2_018_278 | 2_534_022)) => (400, "(#10) This message is sent outside of allowed window."),
            (10, Some(1_893_063)) => (403, "(#10) This Page is temporarily restricted from sending messages."),
            (10, _) => (403, "(#10) Application does not have permission for this action"),
            (17 | 32, _) => (400, "User request limit reached"),
            (80006, _) => (400, "(#80006) There have been too many calls to this Page account."),
            (613, _) => (400, "(#613) Calls to this api have exceeded the rate limit."),
            (100, Some(2_018_001)) => (400, "(#100) No matching user found"),
            (100, _) => (400, "(#100) Invalid parameter"),
            (190, Some(463)) => (401, "Error validating access token: Session has expired."),
            (190, _) => (401, "Error validating access token: The session has been invalidated."),
            (200, _) => (403, "(#200) Requires pages_messaging permission to manage the object"),
            (368, _) => (400, "(#368) The action attempted has been deemed abusive or is otherwise disallowed"),
            (551, _) => (400, "(#551) This person isn't available right now."),
            (1200, _) => (500, "(#1200) Temporary send message failure. Please try again later."),
            _ => return None,
        };
        Some(Self { status, code, subcode, message: message.to_owned(), details: None })
    }

    fn kind(&self) -> &'static str {
        match self.code {
            4 | 17 | 32 | 613 | 80006 => "OAuthRateLimitException",
            _ => "OAuthException",
        }
    }
}

/// Status, title and details of a WhatsApp error.
fn whatsapp_words(code: i64) -> (u16, &'static str, &'static str) {
    match code {
        80007 => (429, "Rate limit hit", "The business account has reached its rate limit"),
        130_429 => (
            429,
            "Rate limit hit",
            "Message failed to send because there were too many messages sent from this phone number in a short period of time",
        ),
        131_000 => (500, "Something went wrong", "Message failed to send because of an unknown error"),
        131_008 => (400, "Required parameter is missing", "The request is missing a required parameter"),
        131_009 => (400, "Parameter value is not valid", "One or more parameter values are invalid"),
        131_016 => (503, "Service unavailable", "A service is temporarily unavailable"),
        131_021 => (400, "Recipient cannot be sender", "Sender and recipient phone number is the same"),
        131_026 => (400, "Message undeliverable", "Unable to deliver the message"),
        131_030 => (400, "Recipient phone number not in allowed list", "Add the recipient to the list and try again"),
        131_042 => (400, "Business eligibility payment issue", "There was an error related to the payment method"),
        131_047 => (
            400,
            "Re-engagement message",
            "More than 24 hours have passed since the customer last replied to this number",
        ),
        131_048 => (
            429,
            "Spam rate limit hit",
            "There are restrictions on how many messages can be sent from this phone number",
        ),
        131_049 => (
            400,
            "Meta chose not to deliver",
            "This message was not delivered to maintain healthy ecosystem engagement",
        ),
        131_051 => (400, "Message type unknown", "Message type is currently not supported"),
        131_052 => (400, "Media download error", "Failed to download the media from the sender"),
        131_053 => (400, "Media upload error", "Failed to upload the media"),
        131_056 => (
            429,
            "(Business Account, Consumer Account) pair rate limit hit",
            "Too many messages sent from this phone number to the same phone number in a short period of time",
        ),
        131_062 => (400, "Recipient not supported", "Business-scoped user ids cannot receive this message"),
        132_000 => (
            400,
            "Number of parameters does not match the expected number of params",
            "The body's parameters do not match the template",
        ),
        132_001 => (
            404,
            "Template name does not exist in the translation",
            "The template does not exist in this language or is not approved",
        ),
        132_015 => (400, "Template is Paused", "Template is paused due to low quality"),
        _ => (400, "Something went wrong", "The request could not be carried out"),
    }
}

impl IntoResponse for GraphError {
    fn into_response(self) -> Response {
        let mut error = json!({
            "message": self.message, "type": self.kind(), "code": self.code, "fbtrace_id": "AStandInTrace0000000001",
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        if let Some(details) = &self.details {
            error["error_data"] = json!({ "messaging_product": "whatsapp", "details": details });
        }
        if matches!(self.code, 1 | 2 | 1200) {
            error["is_transient"] = json!(true);
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(json!({ "error": error }))).into_response()
    }
}

/// How the fault plan's errors are worded.
pub(crate) fn wording(status: u16, name: Option<&str>) -> Response {
    if let Some(error) = name.and_then(GraphError::named) {
        return error.into_response();
    }
    match status {
        429 => {
            GraphError { status, ..GraphError::new(429, 4, "(#4) Application request limit reached") }.into_response()
        }
        401 => GraphError::new(401, 190, "Invalid OAuth access token.").into_response(),
        // A failing front server answers a page, not JSON.
        502..=504 => (
            StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
            [("content-type", "text/html")],
            "<html><body>Sorry, something went wrong.</body></html>",
        )
            .into_response(),
        _ => GraphError { status, ..GraphError::new(500, 1, "An unknown error has occurred.") }.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_code_and_subcode() {
        let error = GraphError::named("10/2018278").unwrap();
        assert_eq!((error.code, error.subcode), (10, Some(2_018_278)));
        assert_eq!(GraphError::named("131056").unwrap().details.unwrap(), whatsapp_words(131_056).2);
        assert!(GraphError::named("no such").is_none());
    }
}
