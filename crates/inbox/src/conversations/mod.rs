//! Conversations at the desk: listed, read, answered, taken over, assigned, closed. One file an action.

mod assignment;
mod list;
mod messages;
mod notes;
mod reply;
mod resolution;
mod show;
mod status;
mod store;
mod takeover;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::Desk;

pub(crate) use assignment::{AssignIn, assign};
pub(crate) use list::{Filter, cards_of};
pub(crate) use notes::{NoteOut, all as all_notes, write as write_note};
pub(crate) use reply::{MessageIn, write_reply};
pub(crate) use resolution::{ResolutionIn, resolve};
pub(crate) use show::facts;
pub(crate) use status::{StatusIn, change as change_status};
pub(crate) use store::{ConversationRow, MessageRow, list_rows, message_rows, one};
pub(crate) use takeover::{release, settle_in_flight, take};

/// The routes under `/v2/conversations`.
pub(crate) fn api() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(list::list_conversations))
        .routes(routes!(show::show_conversation))
        .routes(routes!(messages::list_messages, reply::create_message))
        .routes(routes!(assignment::assign_conversation))
        .routes(routes!(status::set_status))
        .routes(routes!(takeover::take_over, takeover::release_pen))
        .routes(routes!(notes::list_notes, notes::create_note))
        .routes(routes!(resolution::resolve_message))
}
