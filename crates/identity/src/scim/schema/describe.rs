//! `/Schemas` and `/ResourceTypes`, written from the tables.

use serde_json::{Value, json};

use super::{Attr, GROUPS, Kind, Mutability, Type, USERS};

/// Every type of resource, as `/ResourceTypes` lists them.
pub(crate) fn resource_types(base: &str) -> Vec<Value> {
    [&USERS, &GROUPS].map(|kind| resource_type(kind, base)).into()
}

/// Every schema, as `/Schemas` lists them.
pub(crate) fn schemas(base: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for kind in [&USERS, &GROUPS] {
        all.push(schema(kind.urn, kind.name, kind.description, kind.attrs, base));
        for extension in kind.extensions {
            all.push(schema(extension.urn, extension.name, extension.description, extension.attrs, base));
        }
    }
    all
}

fn resource_type(kind: &Type, base: &str) -> Value {
    let mut value = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": kind.name,
        "name": kind.name,
        "endpoint": kind.endpoint,
        "description": kind.description,
        "schema": kind.urn,
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", kind.name) },
    });
    if !kind.extensions.is_empty() {
        let extensions = kind.extensions.iter().map(|one| json!({ "schema": one.urn, "required": false }));
        value["schemaExtensions"] = extensions.collect();
    }
    value
}

fn schema(urn: &str, name: &str, description: &str, attrs: &[Attr], base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": name,
        "description": description,
        "attributes": attrs.iter().map(attribute).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{urn}") },
    })
}

fn attribute(attr: &Attr) -> Value {
    let mut value = json!({
        "name": attr.name,
        "type": match attr.kind {
            Kind::Text => "string",
            Kind::Boolean => "boolean",
            Kind::Instant => "dateTime",
            Kind::Reference => "reference",
            Kind::Binary => "binary",
            Kind::Complex => "complex",
        },
        "multiValued": attr.many,
        "description": attr.description,
        "required": attr.required,
        "mutability": match attr.mutability {
            Mutability::ReadWrite => "readWrite",
            Mutability::ReadOnly => "readOnly",
            Mutability::Immutable => "immutable",
        },
        "returned": "default",
        "uniqueness": if attr.unique { "server" } else { "none" },
    });
    if attr.kind == Kind::Complex {
        value["subAttributes"] = attr.subs.iter().map(attribute).collect();
    } else {
        value["caseExact"] = attr.case_exact.into();
    }
    if !attr.canonical.is_empty() {
        value["canonicalValues"] = attr.canonical.into();
    }
    if !attr.references.is_empty() {
        value["referenceTypes"] = attr.references.into();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_have_no_nulls_and_the_words_of_the_standard() {
        let all = schemas("https://recoup.example/scim/v2");
        assert_eq!(all.len(), 3);
        let text = serde_json::to_string(&all).expect("JSON");
        assert!(!text.contains("null") && !text.to_lowercase().contains("password"));
        let user = &all[0];
        assert_eq!(user["id"], "urn:ietf:params:scim:schemas:core:2.0:User");
        let name = &user["attributes"][0];
        assert_eq!((name["name"].as_str(), name["uniqueness"].as_str()), (Some("userName"), Some("server")));
        assert_eq!(name["caseExact"], false);
        assert_eq!(resource_types("")[0]["schemaExtensions"][0]["required"], false);
    }
}
