//! `/admin/authors`: people who write.

mod api;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use kernel::audit::{self, AuditEntry};
use kernel::db::OrgTx;
use kernel::ids::{AuthorId, ImageId};
use serde::Deserialize;
use serde_json::{Value, json};
use shell::auth::permission::ManageChannels;
use shell::{Allowed, AppError, Detail, FieldErrors, Form, Frame, Path, Tab, Toast, show};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::content::form::{one_line, plain_slug};
use super::images::{Shot, latest};
use crate::blog::authors::{self, Author};
use crate::content::{images as pictures, markdown};
use crate::core::Core;
use crate::sites;
use crate::web::Back;

const LONGEST_NAME: usize = 80;
const LONGEST_BIO: usize = 600;
/// Pictures to choose from.
const PICTURES: i64 = 12;

/// The API about people who write.
pub(crate) fn api() -> OpenApiRouter<Back> {
    OpenApiRouter::new().routes(routes!(api::list, api::create)).routes(routes!(api::change, api::remove))
}

/// The desk's pages about people who write.
pub(crate) fn pages() -> Router<Back> {
    Router::new()
        .route("/admin/authors", get(page).post(create))
        .route("/admin/authors/{id}", get(edit).post(change))
        .route("/admin/authors/{id}/remove", post(remove))
}

/// What the form shows and sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Typed {
    name: String,
    slug: String,
    role: String,
    bio: String,
    image: String,
}

#[derive(Template)]
#[template(path = "site_admin/authors.html")]
struct AuthorsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    authors: Vec<Author>,
    /// Empty: the form makes somebody new.
    id: String,
    typed: Typed,
    errors: FieldErrors,
    pictures: Vec<Shot>,
}

async fn page(by: Allowed<ManageChannels>) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    show(&shown(&by, &mut tx, None, Typed::default(), FieldErrors::default()).await?)
}

async fn edit(by: Allowed<ManageChannels>, Path(id): Path<AuthorId>) -> Result<Html<String>, AppError> {
    let mut tx = by.tx().await?;
    let author = authors::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("author"))?;
    show(&shown(&by, &mut tx, Some(id), Typed::of(author), FieldErrors::default()).await?)
}

async fn shown(
    by: &Allowed<ManageChannels>,
    tx: &mut OrgTx,
    id: Option<AuthorId>,
    typed: Typed,
    errors: FieldErrors,
) -> Result<AuthorsPage, AppError> {
    Ok(AuthorsPage {
        frame: by.frame("Authors"),
        tabs: super::tabs("/admin/authors"),
        authors: authors::all(tx).await?,
        id: id.map(|id| id.to_string()).unwrap_or_default(),
        pictures: latest(tx, PICTURES, &typed.image).await?,
        typed,
        errors,
    })
}

impl Typed {
    /// Somebody as the form shows them.
    fn of(author: Author) -> Self {
        let Author { id: _, slug, name, role, bio, image_id } = author;
        Self { name, slug, role, bio, image: image_id.map(|id| id.to_string()).unwrap_or_default() }
    }

    /// What it means, or everything that is wrong with it.
    fn read(&self) -> Result<(Self, Option<ImageId>), AppError> {
        let name = one_line(&self.name);
        let slug = if self.slug.trim().is_empty() { markdown::slug(&name) } else { self.slug.trim().to_owned() };
        let (role, bio) = (one_line(&self.role), one_line(&self.bio));
        let mut wrong: Vec<Detail> = Vec::new();
        if name.is_empty() {
            wrong.push(Detail::new("name", "is required"));
        }
        for (field, text, most) in
            [("name", &name, LONGEST_NAME), ("role", &role, LONGEST_NAME), ("bio", &bio, LONGEST_BIO)]
        {
            if text.chars().count() > most {
                wrong.push(Detail::new(field, format!("is at most {most} characters")));
            }
        }
        if let Err(reason) = plain_slug(&slug) {
            wrong.push(Detail::new("slug", reason));
        }
        let image: Option<ImageId> = self.image.parse().ok();
        if image.is_none() && !self.image.is_empty() {
            wrong.push(Detail::new("image", "is not there any more; choose another one"));
        }
        if wrong.is_empty() {
            Ok((Self { name, slug, role, bio, image: self.image.clone() }, image))
        } else {
            Err(AppError::fields(wrong))
        }
    }
}

async fn create(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Form(typed): Form<Typed>,
) -> Result<Response, AppError> {
    let id = AuthorId::new(&by.kernel().clock);
    match write(&by, id, None, &typed).await {
        Ok(()) => Ok(done(&core, "Kept")),
        Err(error) => refused(&by, None, typed, error).await,
    }
}

async fn change(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<AuthorId>,
    Form(typed): Form<Typed>,
) -> Result<Response, AppError> {
    let before = authors::find(&mut by.tx().await?, id).await?.ok_or_else(|| AppError::not_found("author"))?;
    match write(&by, id, Some(&before), &typed).await {
        Ok(()) => Ok(done(&core, "Kept; posts show it now")),
        Err(error) => refused(&by, Some(id), typed, error).await,
    }
}

async fn write(
    by: &Allowed<ManageChannels>,
    id: AuthorId,
    before: Option<&Author>,
    typed: &Typed,
) -> Result<(), AppError> {
    let (read, image) = typed.read()?;
    let mut tx = by.tx().await?;
    if let Some(image) = image
        && pictures::read(&mut tx, &[image]).await?.is_empty()
    {
        return Err(AppError::field("image", "is not there any more; choose another one"));
    }
    let written = sqlx::query(
        "insert into site_authors (org_id, id, slug, name, role, bio, image_id) values ($1, $2, $3, $4, $5, $6, $7) \
         on conflict (org_id, id) do update set slug = $3, name = $4, role = $5, bio = $6, image_id = $7",
    )
    .bind(tx.org())
    .bind(id)
    .bind(&read.slug)
    .bind(&read.name)
    .bind(&read.role)
    .bind(&read.bio)
    .bind(image)
    .execute(tx.conn())
    .await;
    written.map_err(|error| match error.as_database_error().and_then(sqlx::error::DatabaseError::constraint) {
        Some("site_authors_org_id_slug_key") => AppError::field("slug", "is the address of another author"),
        _ => error.into(),
    })?;
    sites::touch(&mut tx).await?;
    let told = |slug: &str, name: &str| json!({ "slug": slug, "name": name });
    let entry = AuditEntry::new(by.actor(), "site.author_changed").about(id);
    let was = before.map_or(Value::Null, |author| told(&author.slug, &author.name));
    audit::record(&mut tx, entry.change(was, told(&read.slug, &read.name))).await?;
    tx.commit().await?;
    Ok(())
}

/// Removes somebody who has written nothing; whoever has stays, so that no post loses its author.
async fn remove(
    by: Allowed<ManageChannels>,
    State(core): State<Core>,
    Path(id): Path<AuthorId>,
) -> Result<Response, AppError> {
    take_out(&by, id).await?;
    Ok(done(&core, "Removed"))
}

async fn take_out(by: &Allowed<ManageChannels>, id: AuthorId) -> Result<(), AppError> {
    let mut tx = by.tx().await?;
    let author = authors::find(&mut tx, id).await?.ok_or_else(|| AppError::not_found("author"))?;
    let posts: i64 = sqlx::query_scalar("select count(*) from site_pages where org_id = $1 and author_id = $2")
        .bind(tx.org())
        .bind(id)
        .fetch_one(tx.conn())
        .await?;
    if posts > 0 {
        let posts = if posts == 1 { "a page".to_owned() } else { format!("{posts} pages") };
        let reason = format!("{} wrote {posts}, archived ones counted; give them another author first", author.name);
        return Err(AppError::conflict(reason));
    }
    sqlx::query("delete from site_authors where org_id = $1 and id = $2")
        .bind(tx.org())
        .bind(id)
        .execute(tx.conn())
        .await?;
    sites::touch(&mut tx).await?;
    let entry = AuditEntry::new(by.actor(), "site.author_removed").about(id).detail(json!({ "name": author.name }));
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(())
}

fn done(core: &Core, said: &str) -> Response {
    core.hosts().forget();
    (Toast::done(said).on_next_page(), Redirect::to("/admin/authors")).into_response()
}

async fn refused(
    by: &Allowed<ManageChannels>,
    id: Option<AuthorId>,
    typed: Typed,
    error: AppError,
) -> Result<Response, AppError> {
    if error.details().is_empty() {
        return Err(error);
    }
    let mut tx = by.tx().await?;
    let page = shown(by, &mut tx, id, typed, FieldErrors::from(&error)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_an_address_and_what_is_wrong_is_said_at_once() {
        let typed = Typed { name: " Dana  O'Neil ".to_owned(), ..Typed::default() };
        let (read, image) = typed.read().expect("it reads");
        assert_eq!((read.name.as_str(), read.slug.as_str(), image), ("Dana O'Neil", "dana-oneil", None));
        let wrong = Typed { slug: "../x".to_owned(), image: "x".to_owned(), bio: "x".repeat(601), ..Typed::default() };
        let error = wrong.read().expect_err("refused");
        let fields: Vec<&str> = error.details().iter().map(|detail| detail.field.as_str()).collect();
        assert_eq!(fields, ["name", "bio", "slug", "image"]);
    }
}
