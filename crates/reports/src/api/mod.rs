//! The room's API.

pub(crate) mod designs;
pub(crate) mod reports;
pub(crate) mod schedules;
pub(crate) mod shares;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::web::Desk;

/// The routes under `/v2/reports`.
pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::new()
        .routes(routes!(reports::list))
        .routes(routes!(reports::generate))
        .routes(routes!(reports::show))
        .routes(routes!(reports::file))
        .routes(routes!(reports::metrics))
        .routes(routes!(designs::list, designs::create))
        .routes(routes!(designs::replace, designs::remove))
        .routes(routes!(schedules::list, schedules::create))
        .routes(routes!(schedules::replace, schedules::remove))
        .routes(routes!(schedules::deliveries))
        .routes(routes!(schedules::again))
        .routes(routes!(shares::list, shares::create))
        .routes(routes!(shares::revoke))
}
