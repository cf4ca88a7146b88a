//! What visitors ask: contact forms, results by letter, bookings, letters to be sent, chats.
//!
//! Rules a newcomer would break: a visitor's request writes the inquiry and its job, nothing else; whatever may be spam is kept and
//! answered like everything else; what somebody typed is sealed; letters are sent to who confirmed the address, where the site asks for it.

mod api;
mod confirm;
mod contact;
pub(crate) mod desk;
mod fields;
mod follow_up;
pub(crate) mod guard;
mod job;
mod keep;
pub(crate) mod letters;
pub(crate) mod rate;
mod retention;
mod spam;
pub(crate) mod store;
pub(crate) mod story;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use kernel::ids::{InquiryId, MaturityId, OrgId};
use kernel::queue::Handlers;
use kernel::schedule::Reconciler;
use utoipa_axum::router::OpenApiRouter;

use crate::core::Core;
use crate::ports;

pub(crate) use fields::email_index;
pub(crate) use keep::{keep, token_of};
pub(crate) use letters::Sender;

/// Inquiries an hour of one site from which on it counts as flooded.
const CALM: u32 = 60;

/// What kind of inquiry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The contact form.
    Contact,
    /// The result of an audit, by letter.
    Audit,
    /// A consultation.
    Booking,
    /// Letters, and nothing else.
    Letters,
    /// Somebody who made themselves known in a chat.
    Chat,
}

impl Kind {
    /// As rows and facts hold it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Audit => "audit",
            Self::Booking => "booking",
            Self::Letters => "letters",
            Self::Chat => "chat",
        }
    }

    /// Reads what a row holds.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Contact, Self::Audit, Self::Booking, Self::Letters, Self::Chat]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// What a visitor hands in.
#[derive(Clone, Debug)]
pub(crate) struct NewInquiry {
    pub kind: Kind,
    /// What it is about, in a word or a line; may be empty.
    pub topic: String,
    pub person: ports::Person,
    /// What they wrote; may be empty, except in a contact form. Of [`Kind::Audit`]: the address of the result, which only the visitor
    /// has, as a whole address or a path of the site.
    pub message: String,
    /// Whether they want letters; none where they were not asked.
    pub letters: Option<bool>,
    /// The audit that it is about.
    pub audit: Option<MaturityId>,
    /// What the form's guard brought back; none where it comes from no form of ours.
    pub guard: Option<guard::Given>,
    /// Where the visit came from, as [`crate::tally::source`] says it.
    pub source: serde_json::Value,
}

/// An inquiry that was kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub id: InquiryId,
    /// Of the confirming link, and of whatever else its visitor may see of it.
    pub token: String,
    /// Whether it is kept aside: nothing follows from it, and nobody who sent it may learn that.
    pub is_spam: bool,
}

/// The part of the API that published forms call.
pub(crate) fn api(core: &Core) -> OpenApiRouter<Core> {
    api::routes(core)
}

/// The contact page and the pages of letters.
pub(crate) fn routes() -> Router<Core> {
    Router::new()
        .route("/contact", get(contact::page).post(contact::send))
        .route("/contact/thanks", get(contact::thanks))
        .route("/letters", get(confirm::page).post(confirm::sign_up))
        .route("/letters/thanks", get(confirm::thanks))
        .route("/letters/confirm/{token}", get(confirm::ask).post(confirm::confirm))
        .route("/letters/stop/{token}", get(confirm::ask_to_stop).post(confirm::stop))
}

/// What becomes of an inquiry.
pub(crate) fn handlers(core: &Core, handlers: &mut Handlers) {
    handlers.add(Arc::new(job::Arrival::new(core.clone())));
    handlers.add(Arc::new(crate::booking::Changes::new(core.clone())));
}

/// Follow-ups that are due, and what was kept long enough.
pub(crate) fn reconcilers(core: &Core) -> Vec<Arc<dyn Reconciler>> {
    vec![Arc::new(follow_up::FollowUps::new(core)), Arc::new(retention::Retention::new(core))]
}

/// Whether more arrives at a site than people send. Counts nothing.
async fn is_flooded(core: &Core, org: OrgId) -> bool {
    rate::is_spent(core, org, "inquiries", CALM).await
}
