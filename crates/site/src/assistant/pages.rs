//! `/site/chat`: the panel, which the button of every page fetches when somebody opens it for the first time.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use shell::AppError;

use crate::core::Core;
use crate::pages::show_page;
use crate::visit::Visit;

const PATH: &str = "/site/chat";

#[derive(Template)]
#[template(path = "site/assistant.html")]
struct Panel {
    name: String,
    /// How long conversations are kept, in days.
    kept: u16,
}

/// The panel.
pub(super) fn routes() -> Router<Core> {
    Router::new().route(PATH, get(panel))
}

async fn panel(visit: Visit, State(core): State<Core>) -> Result<Response, AppError> {
    let site = &visit.site;
    if !site.flags.assistant {
        return Err(AppError::not_found("page"));
    }
    let made = async { show_page(&Panel { name: site.name.clone(), kept: site.settings.kept_days }) };
    core.cache().answer(&visit, (PATH, 0), "text/html; charset=utf-8", made).await
}
