//! Patches in the shape in which Okta and Entra send them, and those that are refused.

use serde_json::json;

use super::*;
use crate::scim::schema::{ENTERPRISE, USERS};

fn patched(before: &Value, ops: &Value) -> Result<Value, ScimError> {
    let mut resource = before.as_object().expect("an object").clone();
    let body = json!({ "Operations": ops });
    for op in operations(body.as_object().expect("an object"))? {
        apply(&mut resource, &op, &USERS)?;
    }
    Ok(resource.into())
}

#[track_caller]
fn becomes(before: &Value, ops: &Value, after: &Value) {
    assert_eq!(&patched(before, ops).unwrap_or_else(|error| panic!("{error:?}")), after, "{ops}");
}

#[track_caller]
fn refused(before: &Value, ops: &Value, kind: &str) {
    match patched(before, ops) {
        Err(ScimError::Told { kind: told, .. }) => assert_eq!(told, Some(kind), "{ops}"),
        other => panic!("{ops}: {other:?}"),
    }
}

#[test]
fn okta_patches_without_a_path() {
    let user = json!({ "userName": "a", "active": true });
    becomes(
        &user,
        &json!([{ "op": "replace", "value": { "active": false } }]),
        &json!({ "userName": "a", "active": false }),
    );
    becomes(
        &user,
        &json!([{ "op": "replace", "value": { "id": "x", "userName": "b", "password": "p", "colour": "red", "groups": [] } }]),
        &json!({ "userName": "b", "active": true }),
    );
}

#[test]
fn entra_capitalises_quotes_booleans_and_prefixes_names() {
    becomes(
        &json!({ "userName": "a", "active": true }),
        &json!([
            { "op": "Replace", "path": "active", "value": "False" },
            { "op": "Add", "value": {
                "name.givenName": "Ada", "displayName": "Ada L",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "Sales",
                "emails[type eq \"work\"].value": "ada@x.example",
                ENTERPRISE: { "costCenter": "7" },
            } },
            { "op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": "member_9" },
            { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "agent" },
        ]),
        &json!({
            "userName": "a", "active": false, "displayName": "Ada L", "name": { "givenName": "Ada" },
            "emails": [{ "type": "work", "value": "ada@x.example" }],
            "roles": [{ "primary": true, "value": "agent" }],
            ENTERPRISE: { "department": "Sales", "costCenter": "7", "manager": { "value": "member_9" } },
        }),
    );
    becomes(
        &json!({ "userName": "a", "emails": [{ "value": "1" }, { "value": "2", "type": "home" }] }),
        &json!([{ "op": "Remove", "path": "emails", "value": [{ "value": "2" }] }]),
        &json!({ "userName": "a", "emails": [{ "value": "1" }] }),
    );
}

#[test]
fn lists_grow_without_doubles_and_have_one_primary() {
    let user = json!({ "emails": [{ "value": "1", "primary": true }] });
    becomes(
        &user,
        &json!([{ "op": "add", "path": "emails", "value": [{ "value": "1", "primary": true }, { "value": "2", "primary": true }] }]),
        &json!({ "emails": [{ "value": "1", "primary": false }, { "value": "2", "primary": true }] }),
    );
    becomes(
        &json!({ "emails": [{ "value": "1", "primary": true }, { "value": "2" }] }),
        &json!([{ "op": "replace", "path": "emails[value eq \"2\"].primary", "value": true }]),
        &json!({ "emails": [{ "value": "1", "primary": false }, { "value": "2", "primary": true }] }),
    );
    becomes(
        &user,
        &json!([{ "op": "replace", "path": "emails", "value": [{ "value": "3" }] }]),
        &json!({ "emails": [{ "value": "3" }] }),
    );
    becomes(&user, &json!([{ "op": "replace", "path": "emails", "value": [] }]), &json!({}));
    becomes(&user, &json!([{ "op": "add", "path": "emails", "value": [] }]), &user);
    becomes(&user, &json!([{ "op": "remove", "path": "emails.primary" }]), &json!({ "emails": [{ "value": "1" }] }));
}

#[test]
fn values_are_chosen_by_a_filter() {
    let user = json!({ "emails": [{ "value": "1", "type": "work" }, { "value": "2", "type": "home" }] });
    becomes(
        &user,
        &json!([{ "op": "replace", "path": "emails[type eq \"work\"]", "value": { "value": "9" } }]),
        &json!({ "emails": [{ "value": "9" }, { "value": "2", "type": "home" }] }),
    );
    becomes(
        &user,
        &json!([{ "op": "add", "path": "emails[type eq \"work\"]", "value": { "display": "W" } }]),
        &json!({ "emails": [{ "value": "1", "type": "work", "display": "W" }, { "value": "2", "type": "home" }] }),
    );
    becomes(&user, &json!([{ "op": "remove", "path": "emails[type eq \"work\" or value eq \"2\"]" }]), &json!({}));
    becomes(&user, &json!([{ "op": "remove", "path": "emails[type eq \"other\"]" }]), &user);
    refused(&user, &json!([{ "op": "replace", "path": "emails[type eq \"other\"].value", "value": "x" }]), "noTarget");
    refused(&user, &json!([{ "op": "add", "path": "emails[type sw \"o\"].value", "value": "x" }]), "noTarget");
    refused(
        &user,
        &json!([{ "op": "add", "path": "name[givenName eq \"o\"].familyName", "value": "x" }]),
        "invalidPath",
    );
}

#[test]
fn complex_values_keep_what_is_not_named() {
    let user = json!({ "name": { "givenName": "A", "familyName": "B" } });
    becomes(
        &user,
        &json!([{ "op": "replace", "path": "name", "value": { "givenName": "C" } }]),
        &json!({ "name": { "givenName": "C", "familyName": "B" } }),
    );
    becomes(
        &user,
        &json!([{ "op": "remove", "path": "name.givenName" }, { "op": "remove", "path": "NAME.familyname" }]),
        &json!({}),
    );
    becomes(
        &json!({ ENTERPRISE: { "department": "x", "division": "y" } }),
        &json!([{ "op": "replace", "path": ENTERPRISE, "value": { "department": "z" } }]),
        &json!({ ENTERPRISE: { "department": "z" } }),
    );
    becomes(
        &json!({ ENTERPRISE: { "department": "x" } }),
        &json!([{ "op": "remove", "path": format!("{ENTERPRISE}:department") }]),
        &json!({}),
    );
}

#[test]
fn what_cannot_be_done_is_refused_with_its_kind() {
    let user = json!({ "userName": "a" });
    for (op, kind) in [
        (json!({ "op": "move", "path": "title" }), "invalidSyntax"),
        (json!({ "path": "title", "value": "x" }), "invalidSyntax"),
        (json!("x"), "invalidSyntax"),
        (json!({ "op": "remove" }), "noTarget"),
        (json!({ "op": "add", "value": "x" }), "invalidValue"),
        (json!({ "op": "add", "path": 1, "value": "x" }), "invalidPath"),
        (json!({ "op": "add", "path": "title[", "value": "x" }), "invalidPath"),
        (json!({ "op": "add", "path": "colour", "value": "x" }), "invalidPath"),
        (json!({ "op": "add", "path": "name.colour", "value": "x" }), "invalidPath"),
        (json!({ "op": "replace", "path": "id", "value": "x" }), "mutability"),
        (json!({ "op": "replace", "path": "meta.created", "value": "x" }), "mutability"),
        (json!({ "op": "add", "path": "groups", "value": [{ "value": "x" }] }), "mutability"),
        (json!({ "op": "add", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "x" }), "mutability"),
        (json!({ "op": "remove", "path": "userName" }), "mutability"),
        (json!({ "op": "replace", "path": "userName", "value": null }), "mutability"),
        (json!({ "op": "replace", "path": "active", "value": "perhaps" }), "invalidValue"),
    ] {
        refused(&user, &json!([op]), kind);
    }
    refused(&user, &json!([]), "invalidSyntax");
    refused(&user, &json!(vec![json!({ "op": "remove", "path": "title" }); 1_001]), "invalidSyntax");
    becomes(&user, &json!([{ "op": "add", "path": "urn:other:2.0:User:colour", "value": "x" }]), &user);
    becomes(&user, &json!([{ "op": "replace", "path": "password", "value": "secret" }]), &user);
}
