//! `/settings/roles` shows the matrix that decides.

use shell::{Permission, Role};

use crate::support::House;

#[tokio::test]
async fn the_page_shows_each_cell_of_the_matrix_to_every_member() {
    let house = House::new().await;
    let owner = house.owner("one").await;
    let viewer = house.member(&owner, "viewer").await;
    let (cookie, _) = house.browser(&viewer.email).await;
    let page = house.get("/settings/roles").header("cookie", &cookie).send().await.expect_status(200).body;
    let body = page.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next()).expect("a table");
    let rows: Vec<&str> = body.split("<tr>").skip(1).collect();
    let of_a_role = |permission: &Permission| Role::ALL.iter().any(|role| role.permissions().has(*permission));
    let permissions: Vec<Permission> = Permission::ALL.into_iter().filter(of_a_role).collect();
    assert_eq!((rows.len(), permissions.len()), (8, 8));
    for (permission, row) in permissions.into_iter().zip(rows) {
        assert!(row.contains(&format!("<code class=\"quiet\">{permission}</code>")), "{permission}: {row}");
        let cells: Vec<bool> = row.split("<td>").skip(1).map(|cell| cell.contains(">yes<")).collect();
        let matrix = Role::ALL.map(|role| role.permissions().has(permission));
        assert_eq!(cells, matrix, "{permission}");
    }
    assert_eq!(page.matches("class=\"badge accent\">you").count(), 1);
    assert_eq!(
        house.get("/settings/roles").send().await.expect_status(303).location(),
        "/sign-in?next=/settings/roles"
    );
}
