//! `GET /v2/channels/{id}/templates`: the WhatsApp templates that can be sent when the window is closed.

use axum::extract::State;
use connectors::channel::Failure;
use connectors::whatsapp::account::{self, TemplateInfo};
use kernel::channel::ChannelKind;
use kernel::config::Secret;
use kernel::ids::ChannelId;
use serde::Serialize;
use shell::auth::Permits;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Json, Path};
use utoipa::ToSchema;

use super::oauth::Link;
use crate::core::Core;

/// A message template as the platform has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateOut {
    name: String,
    language: String,
    /// Only `APPROVED` ones can be sent; others are `PENDING`, `REJECTED`, `PAUSED` or `DISABLED`.
    status: String,
    /// `MARKETING`, `UTILITY` or `AUTHENTICATION`.
    category: Option<String>,
    /// `TEXT`, `IMAGE`, `VIDEO`, `DOCUMENT` or `LOCATION`.
    header_format: Option<String>,
    header: Option<String>,
    body: String,
    footer: Option<String>,
    buttons: Vec<ButtonOut>,
    /// The names of the body's variables in order: numbers, unless the template names them.
    variables: Vec<String>,
}

/// A button of a template.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ButtonOut {
    /// Such as `QUICK_REPLY` or `URL`.
    #[serde(rename = "type")]
    kind: String,
    text: String,
}

/// The templates of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateList {
    data: Vec<TemplateOut>,
    next_cursor: Option<String>,
}

impl From<TemplateInfo> for TemplateOut {
    fn from(template: TemplateInfo) -> Self {
        let TemplateInfo { name, language, status, category, header, body, footer, buttons, variables, .. } = template;
        let (header_format, header) = header.map_or((None, None), |(format, text)| (Some(format), text));
        let buttons = buttons.into_iter().map(|(kind, text)| ButtonOut { kind, text }).collect();
        Self { name, language, status, category, header_format, header, body, footer, buttons, variables }
    }
}

/// List the WhatsApp templates of an account, as the platform has them now.
#[utoipa::path(get, path = "/v2/channels/{id}/templates", tag = "channels", responses((status = 200, body = TemplateList)))]
pub(crate) async fn list_templates(
    by: Allowed<View>,
    State(core): State<Core>,
    Path(id): Path<ChannelId>,
) -> Result<Json<TemplateList>, AppError> {
    let list = templates_of(&by, &core, id).await?;
    Ok(Json(TemplateList { data: list.into_iter().map(TemplateOut::from).collect(), next_cursor: None }))
}

/// The templates of an account, asked of the platform.
pub(crate) async fn templates_of<P: Permits>(
    by: &Allowed<P>,
    core: &Core,
    id: ChannelId,
) -> Result<Vec<TemplateInfo>, AppError> {
    let vault = core.kernel.vault.of(by.org()).await?;
    let mut tx = by.tx().await?;
    let link = Link::open(&mut tx, &vault, id, "templates")
        .await
        .map_err(AppError::internal)?
        .ok_or_else(|| AppError::not_found("channel"))?;
    drop(tx);
    if link.kind != ChannelKind::Whatsapp {
        return Err(AppError::unprocessable("only WhatsApp accounts have templates"));
    }
    let business = match link.parent_id.clone() {
        Some(business) => business,
        None => learn_business(by, core, &link).await?,
    };
    account::templates(core.platforms.calls().graph(), &business, link.token.reveal()).await.map_err(unanswered)
}

/// A number that was connected with a token does not say whose it is: asked once, then kept.
async fn learn_business<P: Permits>(by: &Allowed<P>, core: &Core, link: &Link) -> Result<String, AppError> {
    let business = find_business(core, &link.account_id, &link.token).await.map_err(unanswered)?;
    let business = business.ok_or_else(|| {
        AppError::conflict("the token does not open the business account of this number; connect it by consent")
    })?;
    let mut tx = by.tx().await?;
    sqlx::query("update channels set parent_id = $3 where org_id = $1 and id = $2")
        .bind(by.org())
        .bind(link.id)
        .bind(&business)
        .execute(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(business)
}

async fn find_business(core: &Core, number: &str, token: &Secret) -> Result<Option<String>, Failure> {
    let graph = core.platforms.calls().graph();
    for business in graph.debug_token(token).await?.targets {
        let numbers = account::numbers(graph, &business, token.reveal()).await;
        match numbers {
            Ok(numbers) if numbers.iter().any(|known| known.id == number) => return Ok(Some(business)),
            Ok(_) | Err(Failure::Refused { .. }) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(None)
}

fn unanswered(failure: Failure) -> AppError {
    match failure {
        Failure::Refused { message, .. } => AppError::unprocessable(format!("WhatsApp says: {message}")),
        Failure::Reauthorise { .. } => {
            AppError::conflict("WhatsApp does not accept the account's token any more; connect it again")
        }
        Failure::RateLimited { retry_after, .. } => {
            AppError::too_many(retry_after.unwrap_or(std::time::Duration::from_secs(60)))
        }
        Failure::NotSent { .. } | Failure::Unknown { .. } => {
            AppError::unavailable("WhatsApp did not answer; try again")
        }
    }
}
