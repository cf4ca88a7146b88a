//! `POST /v2/contact/submit`: the contact form for pages that are not ours.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use kernel::ids::InquiryId;
use serde::{Deserialize, Serialize};
use shell::{AppError, Json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::contact::{TOPICS, topic};
use super::{Kind, NewInquiry, keep};
use crate::core::Core;
use crate::cors;
use crate::once;
use crate::ports::Person;
use crate::tally::Reach;
use crate::visit::Visit;

/// The largest body: the longest message in the widest letters, and room for the rest.
const LARGEST: usize = 64 << 10;

/// What a visitor wrote.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ContactSubmission)]
pub(super) struct ContactIn {
    /// 1 to 120 characters on one line.
    name: String,
    email: String,
    #[serde(default)]
    company: Option<String>,
    /// 1 to 5,000 characters.
    message: String,
    /// `question`, `demo`, `audit`, `setup` or `other`.
    inquiry_type: String,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContactReceived)]
pub(super) struct ContactOut {
    inquiry_id: InquiryId,
    /// `received`: a person reads it.
    status: &'static str,
}

pub(super) fn routes(core: &Core) -> OpenApiRouter<Core> {
    let router = once::keyed(core, OpenApiRouter::new().routes(routes!(submit_contact)));
    let router = router.layer(DefaultBodyLimit::max(LARGEST));
    cors::open(router, &["/v2/contact/submit"])
}

/// Send a message to the people of the site, from any page. Sent twice on a day, it is one.
#[utoipa::path(post, path = "/v2/contact/submit", tag = "site", request_body = ContactIn, security(()),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters of your own: what is sent again with \
    them within 24 hours has no second effect and gets its first answer")),
    responses((status = 202, body = ContactOut)))]
async fn submit_contact(
    visit: Visit,
    State(core): State<Core>,
    Json(given): Json<ContactIn>,
) -> Result<(StatusCode, Json<ContactOut>), AppError> {
    let ContactIn { name, email, company, message, inquiry_type } = given;
    let topic = topic(&inquiry_type).ok_or_else(|| {
        let words: Vec<&str> = TOPICS.iter().map(|(word, _)| *word).collect();
        AppError::field("inquiryType", format!("is one of {}", words.join(", ")))
    })?;
    let new = NewInquiry {
        kind: Kind::Contact,
        topic: topic.to_owned(),
        person: Person { name, email, phone: String::new(), company: company.unwrap_or_default() },
        message,
        letters: None,
        audit: None,
        guard: None,
        source: crate::tally::source(&visit),
    };
    let mut tx = core.kernel().db.begin_site(visit.site.org, None).await?;
    let kept = keep(&core, &visit, &mut tx, new).await?;
    tx.commit().await?;
    core.tally().reached(&visit, Reach::Contact);
    Ok((StatusCode::ACCEPTED, Json(ContactOut { inquiry_id: kept.id, status: "received" })))
}
