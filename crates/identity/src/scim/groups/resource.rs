//! A team as a SCIM group.

use serde_json::{Value, json};

use crate::scim::schema::GROUP;
use crate::store::teams::{Named, Team};

pub(super) fn version(team: &Team) -> String {
    format!("W/\"{}\"", team.version)
}

/// The resource; `members` only where they were read.
pub(super) fn render(team: &Team, members: Option<&[Named]>, base: &str) -> Value {
    let mut group = json!({
        "schemas": [GROUP],
        "id": team.id,
        "displayName": team.name,
        "meta": {
            "resourceType": "Group",
            "created": team.created_at,
            "lastModified": team.changed_at,
            "location": format!("{base}/Groups/{}", team.id),
            "version": version(team),
        },
    });
    if let Some(external_id) = &team.external_id {
        group["externalId"] = external_id.as_str().into();
    }
    if let Some(members) = members.filter(|members| !members.is_empty()) {
        group["members"] = members.iter().map(|named| member(named, base)).collect();
    }
    group
}

pub(super) fn member(named: &Named, base: &str) -> Value {
    let Named { member: id, display } = named;
    let mut member = json!({ "value": id, "$ref": format!("{base}/Users/{id}"), "type": "User" });
    if let Some(display) = display {
        member["display"] = display.as_str().into();
    }
    member
}
