//! `/v2/site/authors`: for programs that keep the people who write, by the rules of the desk.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::ids::{AuthorId, ImageId};
use serde::{Deserialize, Serialize};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Json, Listed, Patch, Path};
use utoipa::ToSchema;

use super::{Typed, take_out, write};
use crate::blog::authors::{self, Author};
use crate::core::Core;

/// Somebody who writes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SiteAuthor)]
pub(super) struct AuthorOut {
    id: AuthorId,
    /// The word in the address of what they wrote.
    slug: String,
    name: String,
    /// What they do, in a few words.
    role: String,
    /// Who they are, in a sentence or two.
    bio: String,
    image: Option<ImageId>,
}

impl From<Author> for AuthorOut {
    fn from(Author { id, slug, name, role, bio, image_id }: Author) -> Self {
        Self { id, slug, name, role, bio, image: image_id }
    }
}

/// Somebody new.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteAuthorIn)]
pub(super) struct AuthorIn {
    #[schema(example = "Dana Whitfield")]
    name: String,
    /// Made from the name when it is not given.
    #[serde(default)]
    #[schema(example = "dana-whitfield")]
    slug: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    bio: String,
    /// A picture of the site.
    #[serde(default)]
    image: Option<ImageId>,
}

/// A change; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SiteAuthorPatch)]
pub(super) struct AuthorPatch {
    #[schema(example = "Dana Whitfield")]
    name: Option<String>,
    slug: Option<String>,
    role: Option<String>,
    bio: Option<String>,
    /// A picture of the site; null for none.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    image: Patch<ImageId>,
}

/// List the people who write, by name.
#[utoipa::path(get, path = "/v2/site/authors", tag = "site", responses((status = 200, body = Listed<AuthorOut>)))]
pub(super) async fn list(by: Allowed<ManageChannels>) -> Result<Json<Listed<AuthorOut>>, AppError> {
    let all = authors::all(&mut by.tx().await?).await?;
    Ok(Json(Listed::whole(all.into_iter().map(AuthorOut::from).collect())))
}

/// Add somebody who writes.
#[utoipa::path(post, path = "/v2/site/authors", tag = "site", request_body = AuthorIn,
    responses((status = 201, body = AuthorOut), (status = 422, description = "What is wrong with which field")))]
pub(super) async fn create(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Json(given): Json<AuthorIn>,
) -> Result<(StatusCode, Json<AuthorOut>), AppError> {
    let AuthorIn { name, slug, role, bio, image } = given;
    let typed = Typed { name, slug, role, bio, image: image.map(|id| id.to_string()).unwrap_or_default() };
    let id = AuthorId::new(&by.kernel().clock);
    write(&by, id, None, &typed).await?;
    Ok((StatusCode::CREATED, shown(&by, &core, id).await?))
}

/// Change somebody who writes; posts show it at once.
#[utoipa::path(patch, path = "/v2/site/authors/{id}", tag = "site", params(("id" = AuthorId, Path,)), request_body = AuthorPatch,
    responses((status = 200, body = AuthorOut), (status = 404), (status = 422, description = "What is wrong with which field")))]
pub(super) async fn change(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<AuthorId>,
    Json(given): Json<AuthorPatch>,
) -> Result<Json<AuthorOut>, AppError> {
    let before = authors::find(&mut by.tx().await?, id).await?.ok_or_else(|| AppError::not_found("author"))?;
    let AuthorPatch { name, slug, role, bio, image } = given;
    let now = before.clone();
    let typed = Typed::of(Author {
        id,
        slug: slug.unwrap_or(now.slug),
        name: name.unwrap_or(now.name),
        role: role.unwrap_or(now.role),
        bio: bio.unwrap_or(now.bio),
        image_id: image.or(now.image_id),
    });
    write(&by, id, Some(&before), &typed).await?;
    shown(&by, &core, id).await
}

/// Remove somebody who has written nothing.
#[utoipa::path(delete, path = "/v2/site/authors/{id}", tag = "site", params(("id" = AuthorId, Path,)),
    responses((status = 204), (status = 404), (status = 409, description = "A page names them")))]
pub(super) async fn remove(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<AuthorId>,
) -> Result<StatusCode, AppError> {
    take_out(&by, id).await?;
    core.hosts().forget();
    Ok(StatusCode::NO_CONTENT)
}

/// Has it shown to visitors at once, and shows it.
async fn shown(by: &Allowed<ManageChannels>, core: &Core, id: AuthorId) -> Result<Json<AuthorOut>, AppError> {
    core.hosts().forget();
    let found = authors::find(&mut by.tx().await?, id).await?;
    Ok(Json(found.ok_or_else(|| AppError::not_found("author"))?.into()))
}
