//! `POST /v2/sso/connections`: making a connection, complete or as a draft (its address has to be registered first).

use axum::extract::State;
use axum::http::StatusCode;
use kernel::audit::{self, AuditEntry};
use kernel::ids::SsoId;
use serde::Deserialize;
use serde_json::{Value, json};
use shell::auth::permission::ManagePeople;
use shell::{Allowed, App, AppError, Json, Patch, Role};
use utoipa::ToSchema;

use super::{ConnectionOut, checked};
use crate::origin::Origin;
use crate::store::sso::connections::{self, Connection, GroupRole, Kind};

/// More connections than this are a mistake.
const MOST: usize = 50;

/// A connection to be made.
#[derive(Clone, Deserialize, ToSchema)]
pub(crate) struct ConnectionIn {
    pub(crate) kind: Kind,
    /// What people read on the sign-in page.
    #[schema(example = "Okta")]
    pub(crate) name: String,
    /// Whether people can sign in by it at once; false while it is being set up.
    #[serde(default)]
    pub(crate) enabled: bool,
    /// The issuer (OIDC) or the entity id (SAML), letter by letter as the provider writes it.
    #[serde(default)]
    #[schema(example = "https://acme.okta.com")]
    pub(crate) issuer: String,
    /// What its kind needs besides; for OIDC `client_id`, `brand`, `token_auth`, `scopes`, `groups_claim`, `hosted_domain`;
    /// for SAML `sso_url`, `certificates`, `metadata_url`, `email_attribute`, `name_attribute`, `groups_attribute`, `name_id_format`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) settings: Value,
    /// The client's secret; it is sealed and not shown again.
    #[schema(format = Password)]
    pub(crate) secret: Option<String>,
    #[serde(default)]
    pub(crate) group_roles: Vec<GroupRole>,
    /// Absent: viewer. Null: nobody comes in without one of the groups.
    #[serde(default)]
    #[schema(value_type = Option<Role>)]
    pub(crate) default_role: Patch<Role>,
    /// Absent: yes.
    pub(crate) just_in_time: Option<bool>,
    /// SAML only; absent: no.
    #[serde(default)]
    pub(crate) idp_initiated: bool,
}

/// Connect an identity provider.
#[utoipa::path(post, path = "/v2/sso/connections", tag = "sso", operation_id = "create_sso_connection", request_body = ConnectionIn,
    responses((status = 201, body = ConnectionOut), (status = 403, description = "A fresh proof of who you are is needed."),
        (status = 422, description = "Fields are not valid.")))]
pub(crate) async fn post(
    State(app): State<App>,
    by: Allowed<ManagePeople>,
    origin: Origin,
    Json(new): Json<ConnectionIn>,
) -> Result<(StatusCode, Json<ConnectionOut>), AppError> {
    let made = create(&by, new, &origin).await?;
    Ok((StatusCode::CREATED, Json(ConnectionOut::of(made, &app.settings().public_url))))
}

pub(crate) async fn create(
    by: &Allowed<ManagePeople>,
    new: ConnectionIn,
    origin: &Origin,
) -> Result<Connection, AppError> {
    let ConnectionIn {
        kind,
        name,
        enabled,
        issuer,
        settings,
        secret,
        group_roles,
        default_role,
        just_in_time,
        idp_initiated,
    } = new;
    by.fresh()?;
    let (id, now) = (SsoId::new(&by.kernel().clock), by.now());
    let connection = Connection {
        id,
        kind,
        name,
        enabled,
        issuer,
        settings: if settings.is_null() { json!({}) } else { settings },
        secret: sealed(by, id, secret).await?,
        group_roles,
        default_role: if default_role.is_present() { default_role.or(None) } else { Some(Role::Viewer) },
        just_in_time: just_in_time.unwrap_or(true),
        idp_initiated,
        created_at: now,
        updated_at: now,
        tested_at: None,
        test: None,
    };
    let connection = checked(by.kernel(), connection)?;
    let mut tx = by.tx().await?;
    if connections::list(&mut tx).await?.len() >= MOST {
        return Err(AppError::conflict("there are too many connections; remove those that are not used"));
    }
    connections::put(&mut tx, &connection).await?;
    let detail = json!({ "kind": kind, "name": connection.name, "issuer": connection.issuer });
    let entry = AuditEntry::new(by.actor(), "sso.connection_created").about(id).detail(detail);
    audit::record(&mut tx, entry.from_ip(origin.ip)).await?;
    tx.commit().await?;
    Ok(connection)
}

/// A secret as it is kept; an empty one is none.
pub(super) async fn sealed(
    by: &Allowed<ManagePeople>,
    id: SsoId,
    secret: Option<String>,
) -> Result<Option<Vec<u8>>, AppError> {
    match secret.filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) if text.len() > 2_000 => Err(AppError::field("secret", "is too long")),
        Some(text) => Ok(Some(by.kernel().vault.of(by.org()).await?.seal_text(&Connection::place(id), &text)?)),
    }
}
