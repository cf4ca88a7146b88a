//! `/settings/roles`: what each role may do, drawn from the matrix that decides it ([`Role::permissions`]).

use askama::Template;
use axum::response::Html;
use shell::auth::permission::View;
use shell::{Allowed, AppError, Frame, Permission, Role, show};

#[derive(Template)]
#[template(path = "roles/show.html")]
struct RolesPage {
    frame: Frame,
    roles: Vec<Column>,
    rows: Vec<Line>,
}

struct Column {
    word: Role,
    yours: bool,
}

/// A permission with its cells, one for each role.
struct Line {
    what: String,
    scope: Permission,
    cells: Vec<bool>,
}

pub(crate) async fn page(by: Allowed<View>) -> Result<Html<String>, AppError> {
    let roles = Role::ALL.map(|word| Column { word, yours: by.principal().role == Some(word) }).into();
    // What only keys carry is in no role.
    let of_a_role = |permission: &Permission| Role::ALL.iter().any(|role| role.permissions().has(*permission));
    let rows = Permission::ALL.into_iter().filter(of_a_role).map(line).collect();
    show(&RolesPage { frame: by.frame("Roles"), roles, rows })
}

fn line(permission: Permission) -> Line {
    let mut letters = permission.describe().chars();
    let what = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let cells = Role::ALL.map(|role| role.permissions().has(permission)).into();
    Line { what, scope: permission, cells }
}
