//! A member as a SCIM user.

use kernel::ids::TeamId;
use serde_json::{Map, Value, json};

use crate::scim::etag;
use crate::scim::schema::{ENTERPRISE, USER};
use crate::store::provisioned::Provisioned;

/// What can be changed of a user, as a provider sees it.
pub(super) fn editable(member: &Provisioned) -> Map<String, Value> {
    let mut fields = match &member.scim {
        Some(Value::Object(fields)) => fields.clone(),
        // Nobody provisioned this member: what Recoup knows.
        _ => known(member),
    };
    // A null here means that a provider took the attribute away.
    if fields.get("active") == Some(&Value::Null) {
        fields.remove("active");
    } else {
        fields.insert("active".into(), member.suspended_at.is_none().into());
    }
    fields.insert("userName".into(), member.user_name.as_ref().unwrap_or(&member.email).as_str().into());
    if let Some(external_id) = &member.external_id {
        fields.insert("externalId".into(), external_id.as_str().into());
    }
    fields
}

fn known(member: &Provisioned) -> Map<String, Value> {
    let fields = json!({
        "displayName": member.name,
        "name": { "formatted": member.name },
        "emails": [{ "value": member.email, "type": "work", "primary": true }],
    });
    if let Value::Object(fields) = fields { fields } else { Map::new() }
}

/// The whole resource. Its version is a hash of the rest, so that whatever changed it, the version is another.
pub(super) fn render(member: &Provisioned, groups: &[(TeamId, &str)], base: &str) -> Value {
    let mut fields = editable(member);
    let mut schemas = vec![USER];
    if fields.contains_key(ENTERPRISE) {
        schemas.push(ENTERPRISE);
    }
    fields.insert("schemas".into(), schemas.into());
    fields.insert("id".into(), member.id.to_string().into());
    if !groups.is_empty() {
        let groups = groups.iter().map(|(id, name)| {
            json!({ "value": id, "$ref": format!("{base}/Groups/{id}"), "display": name, "type": "direct" })
        });
        fields.insert("groups".into(), groups.collect());
    }
    fields.insert(
        "meta".into(),
        json!({
            "resourceType": "User",
            "created": member.joined_at,
            "lastModified": member.changed_at.unwrap_or(member.joined_at),
            "location": format!("{base}/Users/{}", member.id),
        }),
    );
    let version = etag::of(&fields);
    fields["meta"]["version"] = version.into();
    fields.into()
}
